-- context
CREATE TABLE club (Club_ID int, Name text, Manager text, Captain text, Founded int, PRIMARY KEY (Club_ID));
CREATE TABLE player (Player_ID real, Name text, Country text, Earnings real, Events_number int, Wins_count int, Club_ID int, PRIMARY KEY (Player_ID));
CREATE TABLE stadium_visit (museum_id int, customer_id text, Num_of_Ticket int, Total_spent real);
CREATE TABLE museum (Museum_ID int, Name text, Num_of_Staff int, Open_Year text, PRIMARY KEY (Museum_ID));
CREATE TABLE visitor (ID int, Name text, Level_of_membership int, Age int, PRIMARY KEY (ID));
CREATE TABLE matches (match_id INT, "winner name" TEXT, "Official_Name" TEXT, Winner_Age REAL, Loser_Age REAL, year INT, tourney_level TEXT, minutes INT, best_of INT);
CREATE TABLE empty_log (Museum_ID int, note text, FOREIGN KEY (Museum_ID) REFERENCES museum(Museum_ID));
INSERT INTO club VALUES (1,'Arrow','Dan Ford','Bill',1901),(2,'Beacon','Lee Cho',NULL,1920),(3,'Comet','Dan Ford','Ned',1955),(4,'Dynamo','Ann Ray','Ola',2001),(5,'Eagle','Kim Poe','Sid',1920);
INSERT INTO player VALUES (1.0,'Sam Hill','England',484325.5,17,2,1),(2.0,'Ty Buck','Ireland',383500.0,26,1,1),(3.0,'Nel Case','England',NULL,27,0,3),(4.0,'Ivo Dorn','Wales',120000.0,15,0,3),(5.0,'Jay Elm','Australia',383500.0,21,3,3),(6.0,'Kit Fox','Australia',47000.0,9,0,4),(7.0,'Lou Gray','Wales',61200.0,15,1,NULL),(8.0,'Sam Hill','Scotland',9000.0,4,0,9);
INSERT INTO museum VALUES (1,'Plaza Museum',62,'2000'),(2,'Capital Gallery',25,'2012'),(3,'Jetty House',18,'2010'),(4,'Willow Museum',56,'2011'),(5,'Fortune Rooms',12,'1999'),(6,'Marble Hall',56,'2012');
INSERT INTO visitor VALUES (1,'Gon Franco',5,35),(2,'Ana Diego',1,28),(3,'Phil Dutt',6,37),(4,'Rex Nagy',3,27),(5,'Fern Guerra',5,30),(6,'Ana Diego',2,55);
INSERT INTO stadium_visit VALUES (1,'5',20,320.14),(2,'5',4,89.98),(4,'3',10,320.44),(2,'3',24,209.44),(4,'6',3,20.44),(1,'1',1,12.5),(4,'5',2,40.0),(1,'99',2,10.0);
INSERT INTO matches VALUES (269,'Venus Wells','V. Wells',24.1,22.5,2013,'G',88,3),(270,'Sere Dann','S. Dann',31.3,28.0,2013,'G',142,3),(271,'Venus Wells','V. Wells',25.0,NULL,2016,'M',60,3),(272,'Kerb Ang','K. Ang',28.2,19.9,2016,'G',NULL,3),(273,'Dom Ciba','D. Ciba',26.9,30.4,2013,'P',95,3),(274,'Sere Dann','S. Dann',34.3,21.2,2016,'M',110,3),(275,'Kerb Ang','K. Ang',25.4,25.4,2013,'P',77,5),(276,'Venus Wells','V. Wells',27.7,33.3,2016,'I',131,3);
-- gold
SELECT Manager FROM club GROUP BY Manager HAVING count(*) > 1
-- right
SELECT T1.Manager FROM club AS T1 GROUP BY T1.Manager HAVING count(*) >= 2
-- wrong
SELECT Manager FROM club GROUP BY Manager HAVING count(*) >= 1
-- wrong
SELECT Captain FROM club GROUP BY Captain HAVING count(*) > 1
-- wrong
SELECT Manager, count(*) FROM club GROUP BY Manager HAVING count(*) > 1
-- wrong
SELECT Manager FROM club ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Manager FROM club WHERE Club_ID > 1 GROUP BY Manager
-- gold
SELECT T1.Name, T2.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID
-- right
SELECT T2.Name, T1.Name FROM player AS T1 JOIN club AS T2 ON T1.Club_ID = T2.Club_ID
-- wrong
SELECT T1.Name, T2.Name FROM club AS T1 LEFT JOIN player AS T2 ON T1.Club_ID = T2.Club_ID
-- wrong
SELECT T2.Name, T1.Name FROM player AS T1 LEFT JOIN club AS T2 ON T1.Club_ID = T2.Club_ID
-- wrong
SELECT T1.Manager, T2.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID
-- wrong
SELECT T1.Name, T2.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Player_ID
-- wrong
SELECT T1.Name, T2.Country FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID
-- gold
SELECT T1.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID WHERE T2.Wins_count > 2
-- wrong
SELECT T1.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID WHERE T2.Wins_count >= 2
-- wrong
SELECT T2.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID WHERE T2.Wins_count > 2
-- wrong
SELECT Name FROM club WHERE Club_ID IN (SELECT Club_ID FROM player WHERE Wins_count > 2)
-- wrong
SELECT T1.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID WHERE T2.Events_number > 2
-- wrong
SELECT T1.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID GROUP BY T1.Name HAVING sum(T2.Wins_count) > 2
-- wrong
SELECT T1.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID GROUP BY T1.Club_ID HAVING count(*) > 2
-- gold
SELECT Name FROM club WHERE Club_ID NOT IN (SELECT Club_ID FROM player)
-- wrong
SELECT Name FROM club EXCEPT SELECT T1.Name FROM club AS T1 JOIN player AS T2 ON T1.Club_ID = T2.Club_ID
-- wrong
SELECT T1.Name FROM club AS T1 LEFT JOIN player AS T2 ON T1.Club_ID = T2.Club_ID WHERE T2.Player_ID IS NULL
-- wrong
SELECT Name FROM club WHERE Club_ID NOT IN (SELECT Player_ID FROM player)
-- wrong
SELECT Name FROM club WHERE Club_ID NOT IN (SELECT Club_ID FROM player WHERE Club_ID IS NOT NULL)
-- right
SELECT T1.Name FROM club T1 WHERE T1.Club_ID NOT IN (SELECT T2.Club_ID FROM player T2)
-- gold
SELECT Country, sum(Wins_count) FROM player GROUP BY Country
-- right
SELECT sum(Wins_count), Country FROM player GROUP BY Country
-- wrong
SELECT Country, count(*) FROM player GROUP BY Country
-- wrong
SELECT Country, avg(Wins_count) FROM player GROUP BY Country
-- wrong
SELECT Country, sum(Events_number) FROM player GROUP BY Country
-- wrong
SELECT Country, Wins_count FROM player GROUP BY Country
-- wrong
SELECT Country, sum(Wins_count) FROM player WHERE Wins_count > 0 GROUP BY Country
-- wrong
SELECT Name, sum(Wins_count) FROM player GROUP BY Name
-- gold
SELECT Name FROM player ORDER BY Earnings DESC LIMIT 1
-- wrong
SELECT Name FROM player WHERE Earnings = (SELECT max(Earnings) FROM player)
-- wrong
SELECT Name FROM player ORDER BY Earnings LIMIT 1
-- wrong
SELECT Name, max(Earnings) FROM player
-- wrong
SELECT Name FROM player ORDER BY Events_number DESC LIMIT 1
-- wrong
SELECT Name FROM player GROUP BY Name ORDER BY sum(Earnings) DESC LIMIT 1
-- wrong
SELECT Name FROM player GROUP BY Name ORDER BY Earnings DESC LIMIT 1
-- gold
SELECT count(Earnings), avg(Earnings) FROM player WHERE Events_number BETWEEN 10 AND 21
-- wrong
SELECT count(*), avg(Earnings) FROM player WHERE Events_number BETWEEN 10 AND 21
-- wrong
SELECT count(Earnings), avg(Earnings) FROM player WHERE Events_number > 10 AND Events_number < 21
-- right
SELECT avg(Earnings), count(Earnings) FROM player WHERE Events_number >= 10 AND Events_number <= 21
-- wrong
SELECT count(Earnings), sum(Earnings) FROM player WHERE Events_number BETWEEN 10 AND 21
-- wrong
SELECT count(Earnings), avg(Earnings) FROM player
-- wrong
SELECT count(Player_ID), avg(Earnings) FROM player WHERE Events_number BETWEEN 10 AND 21
-- gold
SELECT T1.Name FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID HAVING sum(T2.Total_spent) > 100
-- wrong
SELECT T1.Name FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id WHERE T2.Total_spent > 100
-- wrong
SELECT T1.Name FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.Name HAVING sum(T2.Total_spent) > 100
-- wrong
SELECT T1.Name FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID HAVING max(T2.Total_spent) > 100
-- wrong
SELECT T1.Name FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID HAVING sum(T2.Num_of_Ticket) > 100
-- wrong
SELECT T1.Name FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.museum_id GROUP BY T1.ID HAVING sum(T2.Total_spent) > 100
-- right
SELECT T2.Name FROM stadium_visit AS T1 JOIN visitor AS T2 ON T1.customer_id = T2.ID GROUP BY T2.ID HAVING sum(T1.Total_spent) > 100
-- wrong
SELECT T1.Name FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID HAVING sum(T2.Total_spent) >= 100
-- gold
SELECT T1.ID, T1.Name, T1.Level_of_membership FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID ORDER BY sum(T2.Total_spent) DESC LIMIT 1
-- wrong
SELECT T1.ID, T1.Name, T1.Level_of_membership FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id ORDER BY T2.Total_spent DESC LIMIT 1
-- wrong
SELECT T1.ID, T1.Name, T1.Level_of_membership FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.customer_id, T1.Name, T1.Level_of_membership FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T2.customer_id ORDER BY sum(T2.Total_spent) DESC LIMIT 1
-- wrong
SELECT T1.ID, T1.Name, T1.Level_of_membership FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID ORDER BY max(T2.Total_spent) DESC LIMIT 1
-- wrong
SELECT T1.ID, T1.Name, T1.Level_of_membership FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T2.customer_id ORDER BY sum(T2.Total_spent) DESC LIMIT 1
-- wrong
SELECT T1.ID, T1.Name, T1.Level_of_membership FROM visitor AS T1 JOIN stadium_visit AS T2 ON T1.ID = T2.customer_id GROUP BY T1.ID ORDER BY sum(T2.Num_of_Ticket) DESC LIMIT 1
-- gold
SELECT Name FROM museum WHERE Num_of_Staff > (SELECT min(Num_of_Staff) FROM museum WHERE Open_Year > 2010)
-- wrong
SELECT Name FROM museum WHERE Num_of_Staff > (SELECT min(Num_of_Staff) FROM museum WHERE Open_Year >= 2010)
-- wrong
SELECT Name FROM museum WHERE Num_of_Staff > (SELECT max(Num_of_Staff) FROM museum WHERE Open_Year > 2010)
-- wrong
SELECT Name FROM museum WHERE Num_of_Staff >= (SELECT min(Num_of_Staff) FROM museum WHERE Open_Year > 2010)
-- wrong
SELECT Name FROM museum WHERE Num_of_Staff > (SELECT min(Num_of_Staff) FROM museum)
-- wrong
SELECT Name FROM museum WHERE Open_Year > 2010 AND Num_of_Staff > (SELECT min(Num_of_Staff) FROM museum)
-- right
SELECT Name FROM museum WHERE Num_of_Staff > (SELECT min(Num_of_Staff) FROM museum WHERE Open_Year > '2010')
-- wrong
SELECT Name FROM museum WHERE Num_of_Staff > (SELECT avg(Num_of_Staff) FROM museum WHERE Open_Year > 2010)
-- gold
SELECT count(*) FROM visitor WHERE ID NOT IN (SELECT T2.customer_id FROM museum AS T1 JOIN stadium_visit AS T2 ON T1.Museum_ID = T2.museum_id WHERE T1.Open_Year > 2010)
-- wrong
SELECT count(*) FROM visitor WHERE ID NOT IN (SELECT customer_id FROM stadium_visit)
-- wrong
SELECT count(*) FROM visitor WHERE ID NOT IN (SELECT T2.customer_id FROM museum AS T1 JOIN stadium_visit AS T2 ON T1.Museum_ID = T2.museum_id WHERE T1.Open_Year < 2010)
-- wrong
SELECT count(*) FROM visitor WHERE ID IN (SELECT T2.customer_id FROM museum AS T1 JOIN stadium_visit AS T2 ON T1.Museum_ID = T2.museum_id WHERE T1.Open_Year > 2010)
-- wrong
SELECT count(DISTINCT T2.customer_id) FROM museum AS T1 JOIN stadium_visit AS T2 ON T1.Museum_ID = T2.museum_id WHERE T1.Open_Year <= 2010
-- wrong
SELECT count(*) FROM visitor WHERE ID NOT IN (SELECT T2.customer_id FROM museum AS T1 JOIN stadium_visit AS T2 ON T1.Museum_ID = T2.museum_id WHERE T1.Open_Year >= 2010)
-- right
SELECT count(ID) FROM visitor WHERE ID NOT IN (SELECT customer_id FROM stadium_visit WHERE museum_id IN (SELECT Museum_ID FROM museum WHERE Open_Year > 2010))
-- gold
SELECT "winner name" FROM matches WHERE year = 2013 INTERSECT SELECT "winner name" FROM matches WHERE year = 2016
-- wrong
SELECT "winner name" FROM matches WHERE year = 2013 AND year = 2016
-- wrong
SELECT "winner name" FROM matches WHERE year = 2013 OR year = 2016
-- wrong
SELECT "Official_Name" FROM matches WHERE year = 2013 INTERSECT SELECT "Official_Name" FROM matches WHERE year = 2016
-- wrong
SELECT "winner name" FROM matches WHERE year IN (2013, 2016) GROUP BY "winner name" HAVING count(*) = 2
-- wrong
SELECT "winner name" FROM matches WHERE year IN (2013, 2016) GROUP BY "winner name" HAVING count(DISTINCT year) = 2
-- wrong
SELECT winner_name FROM matches WHERE year = 2013 INTERSECT SELECT winner_name FROM matches WHERE year = 2016
-- wrong
SELECT "winner name" FROM matches WHERE year = 2013 UNION SELECT "winner name" FROM matches WHERE year = 2016
-- gold
SELECT "winner name", Loser_Age FROM matches ORDER BY Loser_Age LIMIT 3
-- wrong
SELECT "winner name", Loser_Age FROM matches WHERE Loser_Age IS NOT NULL ORDER BY Loser_Age LIMIT 3
-- wrong
SELECT "winner name", Loser_Age FROM matches ORDER BY Loser_Age DESC LIMIT 3
-- wrong
SELECT "winner name", Winner_Age FROM matches ORDER BY Winner_Age LIMIT 3
-- wrong
SELECT "winner name", min(Loser_Age) FROM matches GROUP BY "winner name" ORDER BY min(Loser_Age) LIMIT 3
-- right
SELECT Loser_Age, "winner name" FROM matches ORDER BY Loser_Age ASC LIMIT 3
-- wrong
SELECT "winner name", Loser_Age FROM matches ORDER BY Loser_Age LIMIT 1
-- gold
SELECT avg(Loser_Age), avg(Winner_Age) FROM matches
-- right
SELECT avg(Winner_Age), avg(Loser_Age) FROM matches
-- wrong
SELECT sum(Loser_Age) / count(*), avg(Winner_Age) FROM matches
-- wrong
SELECT avg(Loser_Age), avg(Winner_Age) FROM matches GROUP BY year
-- wrong
SELECT avg(Loser_Age) FROM matches
-- wrong
SELECT avg(Loser_Age), avg(minutes) FROM matches
-- wrong
SELECT avg(Loser_Age), avg(Winner_Age) FROM matches WHERE Loser_Age IS NOT NULL
-- gold
SELECT T1.Name FROM museum AS T1 JOIN empty_log AS T2 ON T1.Museum_ID = T2.Museum_ID WHERE T2.note LIKE '%leak%'
-- wrong
SELECT Name FROM museum WHERE Museum_ID IN (SELECT Museum_ID FROM empty_log WHERE note LIKE '%leak%')
-- wrong
SELECT T1.Name FROM museum AS T1 JOIN empty_log AS T2 ON T1.Museum_ID = T2.Museum_ID WHERE T2.note = 'leak'
-- wrong
SELECT T1.Name FROM museum AS T1 JOIN empty_log AS T2 ON T1.Museum_ID = T2.Museum_ID
-- wrong
SELECT T1.Name FROM museum AS T1 JOIN empty_log AS T2 ON T1.Museum_ID = T2.Museum_ID WHERE T2.note LIKE 'leak%'
-- right
SELECT T2.Name FROM empty_log AS T1 JOIN museum AS T2 ON T2.Museum_ID = T1.Museum_ID WHERE T1.note LIKE "%leak%"
-- wrong
SELECT T1.Name FROM museum AS T1 JOIN empty_log AS T2 ON T1.Museum_ID = T2.Museum_ID WHERE T1.Name LIKE '%leak%'
