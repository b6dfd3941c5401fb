-- context
CREATE TABLE IF NOT EXISTS "hall" ("Hall_ID" int, "Location" text, "Name" text, "Capacity" int, "Highest" int, "Lowest" int, "Average" int, PRIMARY KEY ("Hall_ID"));
CREATE TABLE IF NOT EXISTS "choir" ("Choir_ID" int, "Name" text, "Country" text, "Song_Name" text, "Song_release_year" text, "Age" int, "Is_male" bool, PRIMARY KEY ("Choir_ID"));
CREATE TABLE IF NOT EXISTS "festival" ("festival_ID" int, "festival_Name" text, "Theme" text, "Hall_ID" text, "Year" text, PRIMARY KEY ("festival_ID"), FOREIGN KEY ("Hall_ID") REFERENCES "hall"("Hall_ID"));
CREATE TABLE IF NOT EXISTS "choir_in_festival" ("festival_ID" int, "Choir_ID" text, PRIMARY KEY ("festival_ID","Choir_ID"), FOREIGN KEY ("festival_ID") REFERENCES "festival"("festival_ID"), FOREIGN KEY ("Choir_ID") REFERENCES "choir"("Choir_ID"));
INSERT INTO "hall" VALUES (1,'Dresden','Kreuz Hall',10104,4812,1294,2106),(2,'Leipzig','Thomas Hall',11998,2363,1057,1477),(3,'Riga','Dzintari',2000,1980,404,864),(4,'Cardiff','St David',3100,1763,466,730),(5,'Riga','Great Guild',12000,1125,404,642),(6,'Tartu','Song Grounds',52500,1057,381,731),(7,'Vienna','Golden Hall',3960,2000,294,1100),(9,'Cork','City Hall',4125,837,331,637);
INSERT INTO "choir" VALUES (1,'Jomar Kael','Netherlands','Under','1992',52,'F'),(2,'Timna','United States','Hey Oh','2016',32,'T'),(3,'Justa Brown','France','Sunshine','2013',29,'T'),(4,'Rosa White','France','Love','2003',41,'F'),(5,'John Nizen','France','Gently Hey','2014',43,'T'),(6,'Tribe King','France','Love','2016',25,'T'),(7,'Anna Sol','Latvia','Hey Night','2003',43,'F');
INSERT INTO "festival" VALUES (1,'Auditions','Free choice','1','2014'),(2,'Super Bootcamp','Free choice 2','2','2014'),(3,'Home Visits','Bleeding Love','2','2015'),(4,'Week 1','Wide Awake','7','2014'),(5,'Week 1','Happy Tonight','9','2015'),(6,'Week 2','Party All Night','7','2015'),(7,'Week 3','Free choice','1','2016');
INSERT INTO "choir_in_festival" VALUES (1,'2'),(1,'3'),(1,'5'),(2,'3'),(2,'6'),(3,'5'),(4,'4'),(5,'6'),(5,'3'),(6,'2'),(7,'7');
-- gold
SELECT Name, Country, Age FROM choir ORDER BY Age DESC
-- right
SELECT Name, Country, Age FROM choir AS T1 ORDER BY T1.Age DESC
-- wrong
SELECT Name, Country, Age FROM choir ORDER BY Age
-- wrong
SELECT Name, Country, Age FROM choir
-- wrong
SELECT Name, Country FROM choir ORDER BY Age DESC
-- wrong
SELECT Song_Name, Country, Age FROM choir ORDER BY Age DESC
-- wrong
SELECT Name, Country, Age FROM choir ORDER BY Age DESC, Name
-- right
SELECT Name, Country, Age FROM choir WHERE Age > 0 ORDER BY Age DESC
-- gold
SELECT avg(Age), min(Age), max(Age) FROM choir WHERE Country = 'France'
-- right
SELECT max(Age), avg(Age), min(Age) FROM choir WHERE Country = "France"
-- wrong
SELECT avg(Age), min(Age), max(Age) FROM choir
-- wrong
SELECT avg(Age), min(Age) FROM choir WHERE Country = 'France'
-- wrong
SELECT avg(Age), min(Age), max(Age) FROM choir WHERE Country = 'french'
-- wrong
SELECT avg(Age), min(Age), max(Age) FROM choir WHERE Country LIKE '%France%'
-- wrong
SELECT sum(Age), min(Age), max(Age) FROM choir WHERE Country = 'France'
-- wrong
SELECT avg(Age), min(Age), max(Age) FROM choir WHERE Country = 'France' GROUP BY Country
-- gold
SELECT Name, Song_release_year FROM choir ORDER BY Age LIMIT 1
-- wrong
SELECT Name, Song_release_year FROM choir WHERE Age = (SELECT min(Age) FROM choir)
-- wrong
SELECT Song_Name, Song_release_year FROM choir ORDER BY Age LIMIT 1
-- wrong
SELECT Name, Song_release_year FROM choir ORDER BY Age DESC LIMIT 1
-- wrong
SELECT Name, Song_release_year FROM choir ORDER BY Age ASC LIMIT 2
-- wrong
SELECT Name, Song_release_year, min(Age) FROM choir
-- wrong
SELECT Name, Song_release_year FROM choir ORDER BY Song_release_year LIMIT 1
-- right
SELECT Song_release_year, Name FROM choir ORDER BY Age ASC LIMIT 1
-- gold
SELECT DISTINCT Country FROM choir WHERE Age > 40 INTERSECT SELECT DISTINCT Country FROM choir WHERE Age < 30
-- wrong
SELECT DISTINCT Country FROM choir WHERE Age > 40 AND Age < 30
-- wrong
SELECT Country FROM choir WHERE Age > 40 OR Age < 30
-- wrong
SELECT Country FROM choir WHERE Age >= 40 INTERSECT SELECT Country FROM choir WHERE Age < 30
-- right
SELECT Country FROM choir WHERE Age < 30 INTERSECT SELECT Country FROM choir WHERE Age > 40
-- wrong
SELECT Country FROM choir WHERE Age > 40 UNION SELECT Country FROM choir WHERE Age < 30
-- wrong
SELECT Country FROM choir WHERE Age > 40 AND Country IN (SELECT Country FROM choir WHERE Age < 30)
-- wrong
SELECT Country FROM choir WHERE Age > 40 EXCEPT SELECT Country FROM choir WHERE Age < 30
-- gold
SELECT T2.Name, count(*) FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID GROUP BY T1.Hall_ID
-- right
SELECT T1.Name, count(*) FROM hall AS T1 JOIN festival AS T2 ON T1.Hall_ID = T2.Hall_ID GROUP BY T1.Hall_ID
-- wrong
SELECT T2.Name, count(*) FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID GROUP BY T2.Name
-- wrong
SELECT T2.Name, count(*) FROM hall AS T2 LEFT JOIN festival AS T1 ON T1.Hall_ID = T2.Hall_ID GROUP BY T2.Hall_ID
-- wrong
SELECT T2.Name, count(*) FROM festival AS T1 JOIN hall AS T2 ON T1.festival_ID = T2.Hall_ID GROUP BY T1.Hall_ID
-- wrong
SELECT T2.Location, count(*) FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID GROUP BY T1.Hall_ID
-- wrong
SELECT Name, Capacity FROM hall
-- right
SELECT T2.Name, count(DISTINCT T1.Theme) FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID GROUP BY T1.Hall_ID
-- gold
SELECT T2.Name, T2.Capacity FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year >= 2014 GROUP BY T2.Hall_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Name, T2.Capacity FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year > 2014 GROUP BY T2.Hall_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Name, T2.Capacity FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID GROUP BY T2.Hall_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Name, T1.Capacity FROM hall AS T1 JOIN festival AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T2.Year >= 2014 GROUP BY T2.Hall_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Name, T2.Capacity FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year >= '2014' GROUP BY T2.Name ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Name, T2.Capacity FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year >= 2014 ORDER BY T2.Capacity DESC LIMIT 1
-- wrong
SELECT T2.Name, T2.Highest FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year >= 2014 GROUP BY T2.Hall_ID ORDER BY count(*) DESC LIMIT 1
-- gold
SELECT Name FROM hall WHERE Hall_ID NOT IN (SELECT Hall_ID FROM festival)
-- right
SELECT T1.Name FROM hall AS T1 WHERE T1.Hall_ID NOT IN (SELECT T2.Hall_ID FROM festival AS T2)
-- wrong
SELECT Name FROM hall EXCEPT SELECT T2.Name FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID
-- wrong
SELECT Name FROM hall WHERE Hall_ID NOT IN (SELECT festival_ID FROM festival)
-- wrong
SELECT Name FROM hall WHERE Hall_ID IN (SELECT Hall_ID FROM festival)
-- wrong
SELECT Name FROM hall WHERE Hall_ID NOT IN (SELECT Hall_ID FROM festival WHERE Year = 2014)
-- right
SELECT T1.Name FROM hall AS T1 LEFT JOIN festival AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T2.festival_ID IS NULL
-- wrong
SELECT Location FROM hall WHERE Hall_ID NOT IN (SELECT Hall_ID FROM festival)
-- gold
SELECT Name, Country FROM choir WHERE Song_Name LIKE '%Hey%'
-- right
SELECT Country, Name FROM choir WHERE Song_Name LIKE "%hey%"
-- wrong
SELECT Name, Country FROM choir WHERE Song_Name LIKE 'Hey%'
-- wrong
SELECT Name, Country FROM choir WHERE Song_Name LIKE '%Hey'
-- wrong
SELECT Name, Country FROM choir WHERE Song_Name = 'Hey'
-- wrong
SELECT Name, Country FROM choir WHERE Name LIKE '%Hey%'
-- wrong
SELECT Name FROM choir WHERE Song_Name LIKE '%Hey%'
-- gold
SELECT T2.Name FROM choir_in_festival AS T1 JOIN choir AS T2 ON T1.Choir_ID = T2.Choir_ID JOIN festival AS T3 ON T1.festival_ID = T3.festival_ID WHERE T3.Year = 2014
-- right
SELECT T2.Name FROM choir_in_festival AS T1 JOIN choir AS T2 ON T1.Choir_ID = T2.Choir_ID JOIN festival AS T3 ON T1.festival_ID = T3.festival_ID WHERE T3.Year = "2014"
-- wrong
SELECT Name FROM choir WHERE Choir_ID IN (SELECT T1.Choir_ID FROM choir_in_festival AS T1 JOIN festival AS T3 ON T1.festival_ID = T3.festival_ID WHERE T3.Year = 2014)
-- wrong
SELECT T2.Name FROM choir_in_festival AS T1 JOIN choir AS T2 ON T1.Choir_ID = T2.Choir_ID JOIN festival AS T3 ON T1.festival_ID = T3.festival_ID WHERE T2.Song_release_year = 2014
-- wrong
SELECT T2.Name FROM choir_in_festival AS T1 JOIN choir AS T2 ON T1.festival_ID = T2.Choir_ID JOIN festival AS T3 ON T1.festival_ID = T3.festival_ID WHERE T3.Year = 2014
-- wrong
SELECT T2.Song_Name FROM choir_in_festival AS T1 JOIN choir AS T2 ON T1.Choir_ID = T2.Choir_ID JOIN festival AS T3 ON T1.festival_ID = T3.festival_ID WHERE T3.Year = 2014
-- wrong
SELECT T2.Name FROM choir AS T2 JOIN festival AS T3 ON T2.Choir_ID = T3.festival_ID WHERE T3.Year = 2014
-- gold
SELECT Year FROM festival GROUP BY Year ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T1.Year FROM festival AS T1 GROUP BY T1.Year ORDER BY count(T1.festival_ID) DESC LIMIT 1
-- wrong
SELECT Year FROM festival GROUP BY Year ORDER BY count(*) LIMIT 1
-- wrong
SELECT Year, count(*) FROM festival GROUP BY Year ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Year FROM festival ORDER BY Year DESC LIMIT 1
-- wrong
SELECT Year FROM festival GROUP BY Hall_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Year FROM festival AS T1 JOIN choir_in_festival AS T2 ON T1.festival_ID = T2.festival_ID GROUP BY T1.Year ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Year FROM festival GROUP BY Year HAVING count(*) = (SELECT max(c) FROM (SELECT count(*) AS c FROM festival GROUP BY Year))
-- gold
SELECT T2.Location FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2014 INTERSECT SELECT T2.Location FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2015
-- wrong
SELECT T2.Location FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2014 AND T1.Year = 2015
-- wrong
SELECT T2.Location FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2014 OR T1.Year = 2015
-- wrong
SELECT T2.Name FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2014 INTERSECT SELECT T2.Name FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2015
-- wrong
SELECT Location FROM hall WHERE Hall_ID IN (SELECT Hall_ID FROM festival WHERE Year = 2014 INTERSECT SELECT Hall_ID FROM festival WHERE Year = 2015)
-- wrong
SELECT T2.Location FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2014
-- wrong
SELECT T2.Location FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2014 EXCEPT SELECT T2.Location FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T1.Year = 2015
-- gold
SELECT count(*) FROM festival WHERE Hall_ID = (SELECT Hall_ID FROM hall ORDER BY Capacity DESC LIMIT 1)
-- wrong
SELECT count(*) FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID WHERE T2.Capacity = (SELECT max(Capacity) FROM hall)
-- wrong
SELECT count(*) FROM festival WHERE Hall_ID = (SELECT max(Capacity) FROM hall)
-- wrong
SELECT count(*) FROM festival AS T1 JOIN hall AS T2 ON T1.Hall_ID = T2.Hall_ID GROUP BY T2.Hall_ID ORDER BY T2.Capacity DESC LIMIT 1
-- wrong
SELECT count(*) FROM festival WHERE Hall_ID = (SELECT Hall_ID FROM hall ORDER BY Capacity LIMIT 1)
-- wrong
SELECT count(*) FROM festival WHERE Hall_ID = (SELECT Hall_ID FROM hall ORDER BY Highest DESC LIMIT 1)
-- right
SELECT count(festival_ID) FROM festival WHERE Hall_ID IN (SELECT Hall_ID FROM hall ORDER BY Capacity DESC LIMIT 1)
-- gold
SELECT max(Capacity), Average FROM hall
-- wrong
SELECT max(Capacity), avg(Average) FROM hall
-- wrong
SELECT max(Capacity), avg(Capacity) FROM hall
-- right
SELECT Average, max(Capacity) FROM hall
-- wrong
SELECT Capacity, Average FROM hall ORDER BY Capacity DESC LIMIT 2
-- wrong
SELECT max(Capacity), max(Average) FROM hall
-- wrong
SELECT Capacity, Average FROM hall WHERE Capacity = (SELECT max(Capacity) FROM hall)
