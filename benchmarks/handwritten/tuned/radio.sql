-- context
CREATE TABLE "Radio_Station" ("id" text, "series_name" text, "Country" text, "Language" text, "Content" text, "Hi_fi" text, "Pay_per_listen" text, "Package_Option" text, PRIMARY KEY ("id"));
CREATE TABLE "Radio_series" ("id" real, "Episode" text, "Air_Date" text, "Rating" text, "Share" real, "Weekly_Rank" text, "Station" text, PRIMARY KEY ("id"), FOREIGN KEY ("Station") REFERENCES "Radio_Station"("id"));
CREATE TABLE "Podcast" ("id" real, "Title" text, "Directed_by" text, "Written_by" text, "Original_air_date" text, "Production_code" real, "Station" text, PRIMARY KEY ("id"), FOREIGN KEY ("Station") REFERENCES "Radio_Station"("id"));
INSERT INTO "Radio_Station" VALUES ('700','Sky Wave','Italy','Italian','General','no','no','Sky Famiglia'),('701','Sky Wave +1','Italy','Italian','General','no','no','Sky Famiglia'),('703','Rai Onda','Italy','English','Sport','yes','no','Option A'),('707','Big Tone','USA','English','General','no','yes','Option A'),('708','Bella Nota','USA','Spanish','Music','no','ppl','Any'),('721','Hot Line','Poland','Polish','Music','yes','no','Any'),('722','Jazz Two','Poland','Polish','Music','no','no','Option B'),('730','Kids FM','UK','English','Kids','yes','no','Option B');
INSERT INTO "Radio_series" VALUES (1.0,'A Love of a Lifetime','September 24, 2007','5.8',9.2,'43','700'),(2.0,'Friendly Skies','October 1, 2007','5.3',9.0,'50','701'),(3.0,'Game Three','October 8, 2007','4.4',7.0,'61','707'),(4.0,'The Year of the Rabbit','October 15, 2007','4.3',7.0,'n/a','708'),(5.0,'Double Down','October 22, 2007','4.5',8.0,'56','703'),(6.0,'Winterland','October 29, 2007','10.1',8.0,'20','707'),(7.0,'Emily','November 5, 2007','5.3',9.2,'43','721'),(8.0,'Emily','November 12, 2007','4.4',7.0,'61','722');
INSERT INTO "Podcast" VALUES (1.0,'The Rise of the Blue Beetle!','Ben Jonas','Mike Jelen','November14,2008',101.0,'700'),(2.0,'Terror on Dino Isle','Brand Vietti','Steve Mel','November21,2008',102.0,'701'),(3.0,'Evil Under the Sea','Mike Gogun','Joe Kell','December5,2008',103.0,'703'),(4.0,'Day of the Knight','Ben Jonas','J. M. Matt','January2,2009',104.0,'707'),(5.0,'Invasion','Brand Vietti','Matt Wey','January9,2009',105.0,'700'),(6.0,'Enter the Owl','Ben Jonas','Joe Kell','January16,2009',107.0,'703'),(7.0,'Dawn','Ben Jonas','Adam Bee','January23,2009',108.0,'730'),(8.0,'Sea of Stars','Mike Gogun','Joe Kell','January30,2009',NULL,'722');
-- gold
SELECT Title FROM Podcast WHERE Directed_by = "Ben Jonas" OR Directed_by = "Brand Vietti"
-- right
SELECT Title FROM Podcast WHERE Directed_by IN ("Ben Jonas", "Brand Vietti")
-- wrong
SELECT Title FROM Podcast WHERE Directed_by = "Ben Jonas"
-- wrong
SELECT Title FROM Podcast WHERE Written_by = "Ben Jonas" OR Written_by = "Brand Vietti"
-- wrong
SELECT Title FROM Podcast WHERE Directed_by = "Ben Jonas" AND Directed_by = "Brand Vietti"
-- wrong
SELECT Title FROM Podcast WHERE Directed_by = "Ben Jonas" UNION SELECT Title FROM Podcast WHERE Directed_by = "Brand Vietti"
-- wrong
SELECT Title FROM Podcast WHERE Directed_by LIKE "%Jonas%" OR Directed_by LIKE "%Vietti%"
-- wrong
SELECT Title FROM Podcast WHERE Directed_by = "ben jonas" OR Directed_by = "Brand Vietti"
-- gold
SELECT Country, count(*) FROM Radio_Station GROUP BY Country ORDER BY count(*) DESC LIMIT 1
-- right
SELECT count(*), Country FROM Radio_Station GROUP BY Country ORDER BY count(*) DESC LIMIT 1
-- right
SELECT Country, count(id) FROM Radio_Station GROUP BY Country ORDER BY count(id) DESC LIMIT 1
-- wrong
SELECT Country, count(*) FROM Radio_Station GROUP BY Country ORDER BY count(*) LIMIT 1
-- wrong
SELECT Country FROM Radio_Station GROUP BY Country ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Country, count(*) FROM Radio_Station GROUP BY Country
-- wrong
SELECT Country, max(c) FROM (SELECT Country, count(*) AS c FROM Radio_Station GROUP BY Country)
-- right
SELECT Country, count(DISTINCT series_name) FROM Radio_Station GROUP BY Country ORDER BY count(DISTINCT series_name) DESC LIMIT 1
-- gold
SELECT Episode FROM Radio_series ORDER BY Rating
-- wrong
SELECT Episode FROM Radio_series ORDER BY Rating DESC
-- wrong
SELECT Episode FROM Radio_series ORDER BY CAST(Rating AS REAL)
-- wrong
SELECT Episode, Rating FROM Radio_series ORDER BY Rating
-- wrong
SELECT Episode FROM Radio_series ORDER BY Share
-- wrong
SELECT Episode FROM Radio_series
-- right
SELECT T1.Episode FROM Radio_series AS T1 ORDER BY T1.Rating ASC
-- wrong
SELECT Episode FROM Radio_series GROUP BY Episode ORDER BY Rating
-- gold
SELECT Episode, Rating FROM Radio_series ORDER BY Rating DESC LIMIT 3
-- wrong
SELECT Episode, Rating FROM Radio_series ORDER BY Rating DESC LIMIT 1
-- wrong
SELECT Episode, Rating FROM Radio_series ORDER BY Rating LIMIT 3
-- wrong
SELECT Episode FROM Radio_series ORDER BY Rating DESC LIMIT 3
-- wrong
SELECT Episode, Rating FROM Radio_series ORDER BY CAST(Rating AS REAL) DESC LIMIT 3
-- wrong
SELECT Episode, Share FROM Radio_series ORDER BY Rating DESC LIMIT 3
-- right
SELECT Rating, Episode FROM Radio_series ORDER BY Rating DESC LIMIT 3
-- wrong
SELECT Episode, Rating FROM Radio_series ORDER BY Rating DESC LIMIT 4
-- gold
SELECT min(Share), max(Share) FROM Radio_series
-- right
SELECT max(Share), min(Share) FROM Radio_series
-- wrong
SELECT min(Rating), max(Rating) FROM Radio_series
-- wrong
SELECT max(Share) FROM Radio_series
-- wrong
SELECT avg(Share), max(Share) FROM Radio_series
-- wrong
SELECT min(Share), max(Share) FROM Radio_series GROUP BY Station
-- wrong
SELECT min(Share), sum(Share) FROM Radio_series
-- gold
SELECT T1.series_name FROM Radio_Station AS T1 JOIN Radio_series AS T2 ON T1.id = T2.Station WHERE T2.Episode = "Winterland"
-- wrong
SELECT series_name FROM Radio_Station WHERE id IN (SELECT Station FROM Radio_series WHERE Episode = "Winterland") AND 1
-- right
SELECT T2.series_name FROM Radio_series AS T1 JOIN Radio_Station AS T2 ON T1.Station = T2.id WHERE T1.Episode = 'Winterland'
-- wrong
SELECT T1.series_name FROM Radio_Station AS T1 JOIN Radio_series AS T2 ON T1.id = T2.id WHERE T2.Episode = "Winterland"
-- wrong
SELECT T1.series_name FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Title = "Winterland"
-- wrong
SELECT series_name FROM Radio_Station WHERE id = (SELECT Station FROM Radio_series WHERE Episode = "Winterland")
-- wrong
SELECT T1.Content FROM Radio_Station AS T1 JOIN Radio_series AS T2 ON T1.id = T2.Station WHERE T2.Episode = "Winterland"
-- wrong
SELECT T1.series_name FROM Radio_Station AS T1 JOIN Radio_series AS T2 ON T1.id = T2.Station WHERE T2.Episode = "Winter land"
-- gold
SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by = "Joe Kell"
-- wrong
SELECT Country FROM Radio_Station WHERE id IN (SELECT Station FROM Podcast WHERE Written_by = "Joe Kell")
-- wrong
SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Directed_by = "Joe Kell"
-- wrong
SELECT T1.Country FROM Radio_Station AS T1 JOIN Radio_series AS T3 ON T1.id = T3.Station JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by = "Joe Kell"
-- wrong
SELECT T1.Language FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by = "Joe Kell"
-- wrong
SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by LIKE "%Joe Kell%"
-- wrong
SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by = "Joe Kell" GROUP BY T1.Country
-- gold
SELECT Country FROM Radio_Station EXCEPT SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by = 'Joe Kell'
-- wrong
SELECT Country FROM Radio_Station WHERE id NOT IN (SELECT Station FROM Podcast WHERE Written_by = 'Joe Kell')
-- wrong
SELECT DISTINCT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by != 'Joe Kell'
-- wrong
SELECT Country FROM Radio_Station EXCEPT SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station
-- right
SELECT Country FROM Radio_Station EXCEPT SELECT Country FROM Radio_Station WHERE id IN (SELECT Station FROM Podcast WHERE Written_by = 'Joe Kell')
-- wrong
SELECT Country FROM Radio_Station EXCEPT SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Directed_by = 'Joe Kell'
-- wrong
SELECT Country FROM Radio_Station GROUP BY Country EXCEPT SELECT T1.Country FROM Radio_Station AS T1 JOIN Podcast AS T2 ON T1.id = T2.Station WHERE T2.Written_by = 'Joe Kel'
-- gold
SELECT id FROM Radio_Station GROUP BY Country HAVING count(*) > 2
-- wrong
SELECT id FROM Radio_Station GROUP BY Country HAVING count(*) >= 2
-- wrong
SELECT Country FROM Radio_Station GROUP BY Country HAVING count(*) > 2
-- wrong
SELECT id FROM Radio_Station GROUP BY id HAVING count(*) > 2
-- wrong
SELECT id FROM Radio_Station WHERE Country IN (SELECT Country FROM Radio_Station GROUP BY Country HAVING count(*) > 2)
-- wrong
SELECT min(id) FROM Radio_Station GROUP BY Country HAVING count(*) > 2
-- right
SELECT T1.id FROM Radio_Station AS T1 GROUP BY T1.Country HAVING count(T1.id) > 2
-- gold
SELECT count(*) FROM Radio_Station WHERE Language = 'English' AND Hi_fi = 'yes'
-- right
SELECT count(id) FROM Radio_Station WHERE Hi_fi = "yes" AND Language = "English"
-- wrong
SELECT count(*) FROM Radio_Station WHERE Language = 'English'
-- wrong
SELECT count(*) FROM Radio_Station WHERE Language = 'English' OR Hi_fi = 'yes'
-- wrong
SELECT count(*) FROM Radio_Station WHERE Language = 'English' AND Hi_fi = 'Yes'
-- wrong
SELECT count(*) FROM Radio_Station WHERE Language = 'English' AND Hi_fi != 'no'
-- wrong
SELECT count(*) FROM Radio_Station WHERE Language = 'English' AND Pay_per_listen = 'yes'
-- right
SELECT count(DISTINCT series_name) FROM Radio_Station WHERE Language = 'English' AND Hi_fi = 'yes'
-- gold
SELECT Package_Option, series_name FROM Radio_Station WHERE Hi_fi = "yes"
-- right
SELECT series_name, Package_Option FROM Radio_Station WHERE Hi_fi = "yes"
-- wrong
SELECT Package_Option, series_name FROM Radio_Station WHERE Hi_fi = "T"
-- wrong
SELECT Package_Option, series_name FROM Radio_Station WHERE Pay_per_listen = "yes"
-- right
SELECT Package_Option, series_name FROM Radio_Station WHERE Hi_fi LIKE "yes"
-- wrong
SELECT Package_Option, id FROM Radio_Station WHERE Hi_fi = "yes"
-- wrong
SELECT Package_Option, series_name FROM Radio_Station WHERE Hi_fi = "no"
-- gold
SELECT Pay_per_listen FROM Radio_Station GROUP BY Pay_per_listen HAVING count(DISTINCT Country) >= 2
-- wrong
SELECT Pay_per_listen FROM Radio_Station GROUP BY Pay_per_listen HAVING count(*) > 2
-- right
SELECT Pay_per_listen FROM Radio_Station GROUP BY Pay_per_listen HAVING count(*) >= 2
-- wrong
SELECT Pay_per_listen FROM Radio_Station WHERE Country >= 2 GROUP BY Pay_per_listen
-- wrong
SELECT Pay_per_listen FROM Radio_Station GROUP BY Country HAVING count(*) >= 2
-- wrong
SELECT Hi_fi FROM Radio_Station GROUP BY Hi_fi HAVING count(*) >= 2
-- gold
SELECT Weekly_Rank FROM Radio_series WHERE Episode = "Emily"
-- wrong
SELECT Rating FROM Radio_series WHERE Episode = "Emily"
-- right
SELECT Weekly_Rank FROM Radio_series WHERE Episode LIKE "Emily"
-- wrong
SELECT Weekly_Rank FROM Radio_series WHERE Episode LIKE "%Emily%"
-- wrong
SELECT max(Weekly_Rank) FROM Radio_series WHERE Episode = "Emily"
-- right
SELECT T1.Weekly_Rank FROM Radio_series AS T1 WHERE T1.Episode = 'Emily' ;
-- wrong
SELECT Weekly_Rank FROM Radio_series WHERE Episode = " Emily"
