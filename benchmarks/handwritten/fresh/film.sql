-- context
CREATE TABLE festival (Festival_ID INT, Festival_Name TEXT, Country TEXT, Edition TEXT, PRIMARY KEY (Festival_ID));
CREATE TABLE film (Film_ID INT, Title TEXT, Director TEXT, Gross_in_dollar INT, Runtime INT, Language TEXT, PRIMARY KEY (Film_ID));
CREATE TABLE screening (Festival_ID INT, Film_ID INT, "Order" INT, Tickets TEXT, PRIMARY KEY (Festival_ID, Film_ID), FOREIGN KEY (Festival_ID) REFERENCES festival(Festival_ID), FOREIGN KEY (Film_ID) REFERENCES film(Film_ID));
CREATE TABLE award (Award_Name TEXT, Film TEXT, Year INT, FOREIGN KEY (Film) REFERENCES film(Film_ID));
CREATE TABLE jury (Jury_ID INT PRIMARY KEY, Person TEXT, Festival_ID INT);
INSERT INTO festival VALUES (1,'Lumen','France','12th'),(2,'Polar','Norway','3rd'),(3,'Sierra','Spain','25th'),(4,'Delta','Egypt','7th'),(5,'Bosque','Spain','1st');
INSERT INTO film VALUES (1,'Amber','Rosa Diaz',1200000,95,'Spanish'),(2,'Bleak','Nils Dahl',340000,118,'Norwegian'),(3,'Cobalt','Rosa Diaz',5600000,102,'English'),(4,'Dune Song','Amir Saleh',780000,88,'Arabic'),(5,'Ember','Cleo Mara',340000,102,'English'),(6,'Fjord','Nils Dahl',90000,75,'Norwegian'),(7,'Gale','Joan Fox',2300000,130,'English'),(8,'Amber','Cleo Mara',NULL,61,'French');
INSERT INTO screening VALUES (1,1,1,'250'),(1,3,2,'400'),(2,2,1,'90'),(2,6,2,'120'),(3,1,1,'310'),(3,5,2,'95'),(3,7,3,'1000'),(4,4,1,'220'),(1,8,3,'45');
INSERT INTO award VALUES ('Best Picture','1',2019),('Best Score','3',2019),('Best Picture','2',2020),('Best Actor','3',2020),('Best Actor','99',2021),('Best Score','7',2021);
-- gold
SELECT Title FROM film ORDER BY Gross_in_dollar DESC
-- right
SELECT T1.Title FROM film AS T1 ORDER BY T1.Gross_in_dollar DESC
-- wrong
SELECT Title FROM film ORDER BY Gross_in_dollar ASC
-- wrong
SELECT Title, Gross_in_dollar FROM film ORDER BY Gross_in_dollar DESC
-- wrong
SELECT T1.Title FROM film AS T1 JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID ORDER BY T1.Gross_in_dollar DESC
-- wrong
SELECT Title FROM film ORDER BY Runtime DESC
-- right
SELECT f.Title FROM film f ORDER BY f.Gross_in_dollar DESC
-- right
SELECT Title FROM film ORDER BY film.Gross_in_dollar DESC;
-- gold
SELECT DISTINCT Director FROM film WHERE Runtime BETWEEN 80 AND 110
-- right
SELECT Director FROM film WHERE Runtime >= 80 AND Runtime <= 110
-- right
SELECT DISTINCT T1.Director FROM film AS T1 WHERE T1.Runtime BETWEEN 80 AND 110
-- wrong
SELECT DISTINCT Director FROM film WHERE Runtime > 80 AND Runtime < 110
-- wrong
SELECT Director FROM film WHERE Runtime >= 80 OR Runtime <= 110
-- wrong
SELECT Director FROM film WHERE Runtime < 110
-- wrong
SELECT Director FROM film WHERE Runtime BETWEEN 80 AND 110 GROUP BY Director
-- right
SELECT Director FROM film WHERE NOT (Runtime < 80 OR Runtime > 110)
-- gold
SELECT T2.Title, T3.Festival_Name FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID JOIN festival AS T3 ON T1.Festival_ID = T3.Festival_ID
-- right
SELECT T1.Festival_Name, T3.Title FROM festival AS T1 JOIN screening AS T2 ON T1.Festival_ID = T2.Festival_ID JOIN film AS T3 ON T2.Film_ID = T3.Film_ID
-- right
SELECT T2.Title, T3.Festival_Name FROM screening AS T1, film AS T2, festival AS T3 WHERE T1.Film_ID = T2.Film_ID AND T1.Festival_ID = T3.Festival_ID
-- wrong
SELECT T1.Title, T2.Festival_Name FROM film AS T1 JOIN festival AS T2 ON T1.Film_ID = T2.Festival_ID
-- wrong
SELECT T2.Title, T3.Country FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID JOIN festival AS T3 ON T1.Festival_ID = T3.Festival_ID
-- wrong
SELECT T2.Title, T3.Festival_Name FROM film AS T2 LEFT JOIN screening AS T1 ON T1.Film_ID = T2.Film_ID LEFT JOIN festival AS T3 ON T1.Festival_ID = T3.Festival_ID
-- right
SELECT film.Title, festival.Festival_Name FROM film JOIN screening ON film.Film_ID = screening.Film_ID JOIN festival ON festival.Festival_ID = screening.Festival_ID
-- right
SELECT Festival_Name, Title FROM festival INNER JOIN screening USING (Festival_ID) INNER JOIN film USING (Film_ID)
-- gold
SELECT Language, avg(Gross_in_dollar) FROM film GROUP BY Language
-- right
SELECT avg(Gross_in_dollar), Language FROM film GROUP BY Language
-- right
SELECT T1.Language, avg(T1.Gross_in_dollar) FROM film AS T1 GROUP BY T1.Language
-- wrong
SELECT Language, sum(Gross_in_dollar) / count(*) FROM film GROUP BY Language
-- wrong
SELECT Language, avg(Runtime) FROM film GROUP BY Language
-- wrong
SELECT Language, sum(Gross_in_dollar) FROM film GROUP BY Language
-- wrong
SELECT Director, avg(Gross_in_dollar) FROM film GROUP BY Director
-- right
SELECT Language, avg(Gross_in_dollar) AS average FROM film GROUP BY 1
-- right
SELECT Language, sum(Gross_in_dollar) * 1.0 / count(Gross_in_dollar) FROM film GROUP BY Language
-- gold
SELECT Festival_Name FROM festival WHERE Festival_ID NOT IN (SELECT Festival_ID FROM screening)
-- right
SELECT T1.Festival_Name FROM festival AS T1 LEFT JOIN screening AS T2 ON T1.Festival_ID = T2.Festival_ID WHERE T2.Film_ID IS NULL
-- right
SELECT Festival_Name FROM festival WHERE Festival_ID NOT IN (SELECT T2.Festival_ID FROM screening AS T1 JOIN festival AS T2 ON T1.Festival_ID = T2.Festival_ID)
-- wrong
SELECT Festival_Name FROM festival EXCEPT SELECT T2.Festival_Name FROM screening AS T1 JOIN festival AS T2 ON T1.Festival_ID = T2.Festival_ID
-- wrong
SELECT Festival_Name FROM festival WHERE Festival_ID NOT IN (SELECT Film_ID FROM screening)
-- wrong
SELECT Festival_Name FROM festival WHERE Festival_ID NOT IN (SELECT Festival_ID FROM jury)
-- right
SELECT Festival_Name FROM festival WHERE Festival_ID IN (SELECT Festival_ID FROM festival EXCEPT SELECT Festival_ID FROM screening)
-- right
SELECT Festival_Name FROM festival f WHERE NOT EXISTS (SELECT 1 FROM screening s WHERE s.Festival_ID = f.Festival_ID)
-- gold
SELECT T1.Title FROM film AS T1 JOIN award AS T2 ON T1.Film_ID = T2.Film WHERE T2.Award_Name = 'Best Picture'
-- right
SELECT T2.Title FROM award AS T1 JOIN film AS T2 ON T1.Film = T2.Film_ID WHERE T1.Award_Name = 'Best Picture'
-- wrong
SELECT Title FROM film WHERE Film_ID IN (SELECT Film FROM award WHERE Award_Name = 'Best Picture')
-- wrong
SELECT T1.Title FROM film AS T1 JOIN award AS T2 ON T1.Film_ID = T2.Film WHERE T2.Award_Name LIKE '%Picture%'
-- wrong
SELECT T1.Title FROM film AS T1 JOIN award AS T2 ON T1.Film_ID = T2.Film
-- wrong
SELECT T1.Title FROM film AS T1 JOIN award AS T2 ON T1.Title = T2.Film WHERE T2.Award_Name = 'Best Picture'
-- wrong
SELECT T1.Director FROM film AS T1 JOIN award AS T2 ON T1.Film_ID = T2.Film WHERE T2.Award_Name = 'Best Picture'
-- right
SELECT f.Title FROM film f, award a WHERE f.Film_ID = a.Film AND a.Award_Name = 'Best Picture'
-- gold
SELECT Country, count(*) FROM festival GROUP BY Country HAVING count(*) > 1
-- right
SELECT Country, count(Festival_ID) FROM festival GROUP BY Country HAVING count(*) >= 2
-- right
SELECT count(*), Country FROM festival GROUP BY Country HAVING count(*) > 1
-- wrong
SELECT Country, count(*) FROM festival GROUP BY Country
-- wrong
SELECT Country FROM festival GROUP BY Country HAVING count(*) > 1
-- wrong
SELECT T1.Country, count(*) FROM festival AS T1 JOIN screening AS T2 ON T1.Festival_ID = T2.Festival_ID GROUP BY T1.Country HAVING count(*) > 1
-- wrong
SELECT Country, count(DISTINCT Festival_Name) FROM festival GROUP BY Country HAVING count(*) > 2
-- right
SELECT Country, COUNT(*) AS c FROM festival GROUP BY Country HAVING c > 1
-- gold
SELECT Director FROM film WHERE Language = 'Spanish' INTERSECT SELECT Director FROM film WHERE Language = 'English'
-- wrong
SELECT Director FROM film WHERE Language = 'Spanish' AND Language = 'English'
-- right
SELECT Director FROM film WHERE Language = 'English' INTERSECT SELECT Director FROM film WHERE Language = 'Spanish'
-- wrong
SELECT Director FROM film WHERE Language = 'Spanish' AND Director IN (SELECT Director FROM film WHERE Language = 'English')
-- wrong
SELECT Director FROM film WHERE Language = 'Spanish' OR Language = 'English'
-- wrong
SELECT Director FROM film WHERE Language IN ('Spanish', 'English') GROUP BY Director HAVING count(*) = 2
-- right
SELECT T1.Director FROM film AS T1 WHERE T1.Language = 'Spanish' AND T1.Director IN (SELECT T2.Director FROM film AS T2 WHERE T2.Language = 'English') GROUP BY T1.Director
-- right
SELECT DISTINCT Director FROM film WHERE Language = 'Spanish' INTERSECT SELECT DISTINCT Director FROM film WHERE Language = 'English'
-- gold
SELECT T2.Title FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID WHERE T1.Tickets > 200
-- right
SELECT T1.Title FROM film AS T1 JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID WHERE T2.Tickets > 200
-- right
SELECT T2.Title FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID JOIN festival AS T3 ON T1.Festival_ID = T3.Festival_ID WHERE T1.Tickets > '200'
-- wrong
SELECT T2.Title FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID WHERE CAST(T1.Tickets AS INT) > 200
-- wrong
SELECT T2.Title FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID WHERE T1.Tickets >= 200
-- wrong
SELECT T2.Title FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID WHERE T1."Order" > 200
-- wrong
SELECT Title FROM film WHERE Film_ID IN (SELECT Film_ID FROM screening WHERE Tickets > 200)
-- right
SELECT f.Title FROM film f INNER JOIN screening s ON s.Film_ID = f.Film_ID AND s.Tickets > 200
-- gold
SELECT T1.Director FROM film AS T1 JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID GROUP BY T1.Director ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T2.Director FROM screening AS T1 JOIN film AS T2 ON T1.Film_ID = T2.Film_ID GROUP BY T2.Director ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T1.Director FROM film AS T1 JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID JOIN festival AS T3 ON T2.Festival_ID = T3.Festival_ID GROUP BY T1.Director ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Director FROM film GROUP BY Director ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Director FROM film AS T1 JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID GROUP BY T1.Film_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Director FROM film AS T1 JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID GROUP BY T1.Director ORDER BY count(*) ASC LIMIT 1
-- wrong
SELECT T1.Director, count(*) FROM film AS T1 JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID GROUP BY T1.Director ORDER BY count(*) DESC LIMIT 1
-- right
SELECT f.Director FROM film f INNER JOIN screening s ON f.Film_ID = s.Film_ID GROUP BY f.Director ORDER BY COUNT(s.Film_ID) DESC LIMIT 1
-- gold
SELECT count(*) FROM film WHERE Film_ID NOT IN (SELECT Film_ID FROM screening)
-- right
SELECT count(*) FROM film AS T1 LEFT JOIN screening AS T2 ON T1.Film_ID = T2.Film_ID WHERE T2.Film_ID IS NULL
-- right
SELECT count(Film_ID) FROM film WHERE Film_ID NOT IN (SELECT Film_ID FROM screening)
-- wrong
SELECT count(Gross_in_dollar) FROM film WHERE Film_ID NOT IN (SELECT Film_ID FROM screening)
-- wrong
SELECT count(*) FROM film WHERE Film_ID IN (SELECT Film_ID FROM screening)
-- wrong
SELECT count(*) FROM film WHERE Film_ID NOT IN (SELECT Film FROM award)
-- wrong
SELECT (SELECT count(*) FROM film) - (SELECT count(DISTINCT Film_ID) FROM screening)
-- right
SELECT COUNT(*) FROM (SELECT Film_ID FROM film EXCEPT SELECT Film_ID FROM screening)
-- right
SELECT count(*) FROM film WHERE NOT EXISTS (SELECT * FROM screening WHERE screening.Film_ID = film.Film_ID)
-- gold
SELECT Person FROM jury AS T1 JOIN festival AS T2 ON T1.Festival_ID = T2.Festival_ID WHERE T2.Country = 'Spain' ORDER BY Person
-- right
SELECT T1.Person FROM jury AS T1 JOIN festival AS T2 ON T1.Festival_ID = T2.Festival_ID WHERE T2.Country = 'Spain' ORDER BY T1.Person ASC
-- right
SELECT Person FROM jury WHERE Festival_ID IN (SELECT Festival_ID FROM festival WHERE Country = 'Spain') ORDER BY Person
-- wrong
SELECT Person FROM jury ORDER BY Person
-- wrong
SELECT T1.Person FROM jury AS T1 JOIN festival AS T2 ON T1.Jury_ID = T2.Festival_ID WHERE T2.Country = 'Spain' ORDER BY T1.Person
-- wrong
SELECT T1.Person FROM jury AS T1 JOIN festival AS T2 ON T1.Festival_ID = T2.Festival_ID WHERE T2.Country = 'Spain' ORDER BY T1.Person DESC
-- wrong
SELECT Person FROM jury AS T1 JOIN festival AS T2 ON T1.Festival_ID = T2.Festival_ID WHERE T2.Festival_Name = 'Spain' ORDER BY Person
-- right
SELECT j.Person FROM jury j INNER JOIN festival f ON j.Festival_ID = f.Festival_ID WHERE f.Country = 'Spain' ORDER BY j.Person
