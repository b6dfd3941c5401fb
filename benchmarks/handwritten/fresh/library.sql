-- context
CREATE TABLE "Book" ("ISBN" VARCHAR(13) NOT NULL, "Title" TEXT, "Author ID" INT, "Pages" INT, "Year" TEXT, FOREIGN KEY ("Author ID") REFERENCES "Author"("ID"));
CREATE TABLE "Author" ("ID" INT, "Full Name" TEXT, "Nationality" TEXT, "Birth" INT, PRIMARY KEY ("ID"));
CREATE TABLE Member (mid INTEGER PRIMARY KEY, mname TEXT, city TEXT, joined DATE, "Group" TEXT);
CREATE TABLE Loan (mid INT, isbn VARCHAR(13), taken TEXT, returned TEXT, fine REAL, FOREIGN KEY (mid) REFERENCES Member(mid));
INSERT INTO "Author" VALUES (1,'Ada Brenn','Irish',1950),(2,'Kofi Mensa','Ghanaian',1971),(3,'Lena Vogt','German',1964),(4,'Pia Lund','Danish',1980),(5,'Ralf Vogt','German',1939),(6,'Sun Li','Chinese',1971);
INSERT INTO "Book" VALUES ('9780001','Cold River',1,320,'1999'),('9780002','Red Soil',2,210,'2005'),('9780003','Glass',3,180,'2001'),('9780004','Glass',4,400,'2011'),('9780005','Night Train',3,295,'2011'),('9780006','The Inner Sea',5,510,'1978'),('9780007','Winter Notes',1,150,'2015'),('9780008','Harbour',2,320,'2015'),('9780009','The Old Sea',NULL,88,'1960');
INSERT INTO Member VALUES (1,'Eva','Oslo','2018-01-05','adult'),(2,'Jon','Bergen','2019-03-09','adult'),(3,'Per','Oslo','2019-07-20','child'),(4,'Eva','Molde','2020-02-11','senior'),(5,'Kari','Bergen','2021-05-30','child'),(6,'Ola','Oslo','2021-12-24','senior'),(7,'Liv','Narvik','2022-02-02','adult');
INSERT INTO Loan VALUES (1,'9780001','2022-01-03','2022-01-20',0),(1,'9780003','2022-01-03',NULL,NULL),(2,'9780002','2022-02-14','2022-03-30',4.5),(3,'9780007','2022-03-01','2022-03-10',0),(4,'9780001','2022-03-05','2022-04-30',8.0),(4,'9780005','2022-03-05','2022-03-25',0),(6,'9780006','2022-05-01',NULL,NULL),(6,'9780008','2022-05-02','2022-05-09',0),(1,'9780008','2022-06-01','2022-06-20',1.5),(2,'9780002','2022-07-01','2022-07-09',0);
-- gold
SELECT "Title", "Pages" FROM "Book" WHERE "Pages" > 300
-- right
SELECT Pages, Title FROM Book WHERE Pages > 300
-- right
SELECT T1.Title, T1.Pages FROM Book AS T1 WHERE T1.Pages > 300
-- right
SELECT Title, Pages FROM Book WHERE Pages >= 301
-- wrong
SELECT Title, Pages FROM Book WHERE Pages >= 300
-- wrong
SELECT T1.Title, T1.Pages FROM Book AS T1 JOIN Author AS T2 ON T1."Author ID" = T2.ID WHERE T1.Pages > 300
-- wrong
SELECT Title FROM Book WHERE Pages > 300
-- wrong
SELECT Title, Year FROM Book WHERE Pages > 300
-- right
SELECT Title, Pages FROM Book WHERE NOT Pages <= 300;
-- gold
SELECT T1.Title FROM Book AS T1 JOIN Author AS T2 ON T1."Author ID" = T2.ID WHERE T2.Nationality = 'German'
-- right
SELECT Title FROM Book WHERE "Author ID" IN (SELECT ID FROM Author WHERE Nationality = 'German')
-- right
SELECT T2.Title FROM Author AS T1 JOIN Book AS T2 ON T1.ID = T2."Author ID" WHERE T1.Nationality = "German"
-- right
SELECT b.Title FROM Book b, Author a WHERE b."Author ID" = a.ID AND a.Nationality = 'German'
-- wrong
SELECT T1.Title FROM Book AS T1 JOIN Author AS T2 ON T1."Author ID" = T2.ID WHERE T2.Nationality LIKE '%German%'
-- wrong
SELECT T1.Title FROM Book AS T1 JOIN Author AS T2 ON T1."Author ID" = T2.ID WHERE T2.Nationality = 'Germany'
-- wrong
SELECT T1.Title FROM Book AS T1 LEFT JOIN Author AS T2 ON T1."Author ID" = T2.ID AND T2.Nationality = 'German'
-- right
SELECT `Title` FROM `Book` JOIN `Author` ON `Book`.`Author ID` = `Author`.`ID` WHERE `Nationality` = 'German'
-- right
SELECT T1.Title FROM Book AS T1 INNER JOIN Author AS T2 ON T2.ID = T1.[Author ID] AND T2.Nationality = 'German'
-- gold
SELECT city, count(*) FROM Member GROUP BY city ORDER BY count(*) DESC
-- right
SELECT city, count(*) FROM Member GROUP BY city ORDER BY count(mid) DESC
-- right
SELECT count(*), city FROM Member GROUP BY city ORDER BY count(*) DESC
-- wrong
SELECT city, count(*) FROM Member GROUP BY city ORDER BY count(*)
-- wrong
SELECT city, count(*) FROM Member GROUP BY city
-- wrong
SELECT T1.city, count(*) FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid GROUP BY T1.city ORDER BY count(*) DESC
-- wrong
SELECT "Group", count(*) FROM Member GROUP BY "Group" ORDER BY count(*) DESC
-- right
SELECT city, count(*) AS cnt FROM Member GROUP BY city ORDER BY cnt DESC
-- right
SELECT city, COUNT(mid) FROM Member GROUP BY city ORDER BY 2 DESC
-- gold
SELECT mname FROM Member WHERE mid NOT IN (SELECT mid FROM Loan)
-- right
SELECT T1.mname FROM Member AS T1 WHERE NOT EXISTS (SELECT 1 FROM Loan AS T2 WHERE T2.mid = T1.mid)
-- right
SELECT T1.mname FROM Member AS T1 LEFT JOIN Loan AS T2 ON T1.mid = T2.mid WHERE T2.mid IS NULL
-- wrong
SELECT mname FROM Member EXCEPT SELECT T1.mname FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid
-- wrong
SELECT mname FROM Member WHERE mid NOT IN (SELECT mid FROM Loan WHERE fine > 0)
-- wrong
SELECT mid FROM Member WHERE mid NOT IN (SELECT mid FROM Loan)
-- right
SELECT mname FROM Member WHERE mid NOT IN (SELECT T1.mid FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid)
-- right
SELECT mname FROM Member WHERE mid IN (SELECT mid FROM Member EXCEPT SELECT mid FROM Loan)
-- gold
SELECT count(*) FROM Loan WHERE returned IS NULL
-- right
SELECT count(taken) FROM Loan WHERE returned IS NULL
-- right
SELECT count(*) FROM Loan AS T1 JOIN Member AS T2 ON T1.mid = T2.mid WHERE T1.returned IS NULL
-- wrong
SELECT count(returned) FROM Loan WHERE returned IS NULL
-- wrong
SELECT count(*) FROM Loan WHERE returned = 'NULL'
-- wrong
SELECT count(*) FROM Loan WHERE fine IS NULL
-- wrong
SELECT count(*) FROM Loan WHERE returned IS NOT NULL
-- right
SELECT COUNT(*) FROM Loan INNER JOIN Member USING (mid) WHERE returned IS NULL
-- right
SELECT sum(CASE WHEN returned IS NULL THEN 1 ELSE 0 END) FROM Loan
-- gold
SELECT T1.mname, sum(T2.fine) FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid GROUP BY T1.mid
-- right
SELECT sum(T2.fine), T1.mname FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid GROUP BY T2.mid
-- right
SELECT T2.mname, sum(T1.fine) FROM Loan AS T1 JOIN Member AS T2 ON T1.mid = T2.mid GROUP BY T1.mid
-- wrong
SELECT T1.mname, sum(T2.fine) FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid GROUP BY T1.mname
-- wrong
SELECT T1.mname, avg(T2.fine) FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid GROUP BY T1.mid
-- wrong
SELECT T1.mname, count(*) FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid GROUP BY T1.mid
-- wrong
SELECT T1.mname, sum(T2.fine) FROM Member AS T1 LEFT JOIN Loan AS T2 ON T1.mid = T2.mid GROUP BY T1.mid
-- right
SELECT m.mname, SUM(l.fine) AS total_fine FROM Member m JOIN Loan l USING (mid) GROUP BY m.mid
-- gold
SELECT "Full Name" FROM Author WHERE Birth = (SELECT max(Birth) FROM Author)
-- wrong
SELECT "Full Name" FROM Author ORDER BY Birth DESC LIMIT 1
-- right
SELECT "Full Name" FROM Author WHERE Birth >= (SELECT max(Birth) FROM Author)
-- right
SELECT T1."Full Name" FROM Author AS T1 WHERE T1.Birth IN (SELECT max(T2.Birth) FROM Author AS T2)
-- wrong
SELECT "Full Name", max(Birth) FROM Author
-- wrong
SELECT "Full Name" FROM Author WHERE Birth = (SELECT min(Birth) FROM Author)
-- right
SELECT "Full Name" FROM Author WHERE Birth = (SELECT Birth FROM Author ORDER BY Birth DESC LIMIT 1)
-- wrong
SELECT "Full Name" FROM Author WHERE ID = (SELECT max(ID) FROM Author)
-- right
SELECT "Full Name" FROM Author WHERE NOT Birth < (SELECT max(Birth) FROM Author)
-- gold
SELECT T1.Title FROM Book AS T1 JOIN Loan AS T2 ON T1.ISBN = T2.isbn JOIN Member AS T3 ON T2.mid = T3.mid WHERE T3.city = 'Oslo' AND T3."Group" = 'senior'
-- right
SELECT T3.Title FROM Member AS T1 JOIN Loan AS T2 ON T1.mid = T2.mid JOIN Book AS T3 ON T2.isbn = T3.ISBN WHERE T1."Group" = 'senior' AND T1.city = 'Oslo'
-- right
SELECT T1.Title FROM Book AS T1 JOIN Loan AS T2 ON T1.ISBN = T2.isbn WHERE T2.mid IN (SELECT mid FROM Member WHERE city = 'Oslo' AND "Group" = 'senior')
-- wrong
SELECT T1.Title FROM Book AS T1 JOIN Loan AS T2 ON T1.ISBN = T2.isbn JOIN Member AS T3 ON T2.mid = T3.mid WHERE T3.city = 'Oslo'
-- wrong
SELECT T1.Title FROM Book AS T1 JOIN Loan AS T2 ON T1.ISBN = T2.isbn JOIN Member AS T3 ON T2.mid = T3.mid WHERE T3.city = 'Oslo' AND T3."Group" = 'Senior'
-- wrong
SELECT T1.Title FROM Book AS T1 JOIN Loan AS T2 ON T1.ISBN = T2.isbn JOIN Member AS T3 ON T2.mid = T3.mid WHERE T3.city = 'Oslo' OR T3."Group" = 'senior'
-- wrong
SELECT DISTINCT T1.Title FROM Book AS T1 JOIN Loan AS T2 ON T1.ISBN = T2.isbn JOIN Member AS T3 ON T2.mid = T3.mid JOIN Author AS T4 ON T1."Author ID" = T4.ID WHERE T3.city = 'Oslo' AND T3."Group" = 'senior'
-- right
SELECT b.Title FROM Book b, Loan l, Member m WHERE b.ISBN = l.isbn AND l.mid = m.mid AND m.city = 'Oslo' AND m."Group" = 'senior'
-- gold
SELECT Nationality FROM Author GROUP BY Nationality HAVING count(*) > 1
-- right
SELECT Nationality FROM Author GROUP BY Nationality HAVING count(*) >= 2
-- right
SELECT T1.Nationality FROM Author AS T1 GROUP BY T1.Nationality HAVING count(T1.ID) > 1
-- wrong
SELECT Nationality FROM Author GROUP BY Nationality HAVING count(*) >= 1
-- wrong
SELECT T1.Nationality FROM Author AS T1 JOIN Book AS T2 ON T1.ID = T2."Author ID" GROUP BY T1.Nationality HAVING count(*) > 1
-- wrong
SELECT Nationality, count(*) FROM Author GROUP BY Nationality HAVING count(*) > 1
-- wrong
SELECT Nationality FROM Author GROUP BY ID HAVING count(*) > 1
-- right
SELECT Nationality FROM (SELECT Nationality, COUNT(*) AS n FROM Author GROUP BY Nationality) WHERE n > 1
-- right
SELECT Nationality FROM Author GROUP BY Nationality HAVING COUNT(*) != 1
-- gold
SELECT avg(Pages), min(Pages), max(Pages) FROM Book WHERE Year = '2011'
-- right
SELECT min(Pages), max(Pages), avg(Pages) FROM Book WHERE Year = '2011'
-- right
SELECT avg(Pages), min(Pages), max(Pages) FROM Book WHERE Year = "2011"
-- right
SELECT avg(Pages), min(Pages), max(Pages) FROM Book WHERE Year = 2011
-- wrong
SELECT avg(Pages), min(Pages), max(Pages) FROM Book
-- wrong
SELECT avg(Pages), min(Pages), max(Year) FROM Book WHERE Year = '2011'
-- wrong
SELECT avg(Pages), min(Pages), max(Pages) FROM Book WHERE Year >= '2011'
-- right
SELECT AVG(Pages) AS a, MIN(Pages) AS b, MAX(Pages) AS c FROM Book WHERE Year LIKE '2011'
-- gold
SELECT T2.Title FROM Loan AS T1 JOIN Book AS T2 ON T1.isbn = T2.ISBN GROUP BY T2.ISBN ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Title FROM Book AS T1 JOIN Loan AS T2 ON T1.ISBN = T2.isbn GROUP BY T1.ISBN ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T2.Title FROM Loan AS T1 JOIN Book AS T2 ON T1.isbn = T2.ISBN JOIN Member AS T3 ON T1.mid = T3.mid GROUP BY T1.isbn ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Title FROM Loan AS T1 JOIN Book AS T2 ON T1.isbn = T2.ISBN GROUP BY T2.Title ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Title FROM Loan AS T1 JOIN Book AS T2 ON T1.isbn = T2.ISBN GROUP BY T2.ISBN ORDER BY count(*) LIMIT 1
-- wrong
SELECT Title FROM Book GROUP BY ISBN ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.ISBN FROM Loan AS T1 JOIN Book AS T2 ON T1.isbn = T2.ISBN GROUP BY T2.ISBN ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T2.Title FROM Loan AS T1 INNER JOIN Book AS T2 ON T1.isbn = T2.ISBN GROUP BY T2.ISBN ORDER BY count(T1.isbn) DESC LIMIT 1
-- gold
SELECT mname FROM Member WHERE city = 'Oslo' UNION SELECT mname FROM Member WHERE "Group" = 'adult'
-- wrong
SELECT mname FROM Member WHERE city = 'Oslo' OR "Group" = 'adult'
-- wrong
SELECT mname FROM Member WHERE city = 'Oslo' AND "Group" = 'adult'
-- right
SELECT mname FROM Member WHERE "Group" = 'adult' UNION SELECT mname FROM Member WHERE city = 'Oslo'
-- right
SELECT mname FROM Member WHERE city = 'Oslo' OR "Group" = 'adult' GROUP BY mname
-- wrong
SELECT mname FROM Member WHERE city = 'Oslo' INTERSECT SELECT mname FROM Member WHERE "Group" = 'adult'
-- wrong
SELECT mname FROM Member WHERE city = 'Oslo' UNION SELECT mname FROM Member WHERE "Group" = 'child'
-- right
SELECT DISTINCT mname FROM Member WHERE city = 'Oslo' UNION SELECT DISTINCT mname FROM Member WHERE "Group" = 'adult'
