-- context
CREATE TABLE Hut (hut_id INTEGER PRIMARY KEY, hut_name TEXT, altitude INTEGER, beds TEXT, region_code TEXT);
CREATE TABLE Region (region_code TEXT PRIMARY KEY, region_name TEXT, country TEXT);
CREATE TABLE Trail (trail_id INTEGER PRIMARY KEY, trail_name TEXT, km REAL, grade TEXT, "start" INTEGER, "end" INTEGER, FOREIGN KEY ("start") REFERENCES Hut(hut_id), FOREIGN KEY ("end") REFERENCES Hut(hut_id));
CREATE TABLE Hiker (hiker_id INTEGER, fname VARCHAR(20), lname VARCHAR(20), age INTEGER, home_town TEXT);
CREATE TABLE Walked (hiker_id INTEGER, trail_id INTEGER, walk_date TEXT, hours REAL, FOREIGN KEY (trail_id) REFERENCES Trail(trail_id));
INSERT INTO Region VALUES ('TYR','Tyrol','Austria'),('VAL','Valais','Switzerland'),('DOL','Dolomites','Italy'),('SAL','Salzburg','Austria'),('BER','Bern','Switzerland');
INSERT INTO Hut VALUES (1,'Adler',2100,'40','TYR'),(2,'Blumen',1850,'8','TYR'),(3,'Cima',2600,'120','DOL'),(4,'Dent',2950,'60','VAL'),(5,'Edel',1850,'32','SAL'),(6,'Falk',2300,NULL,'VAL'),(7,'Grau',2100,'15',NULL);
INSERT INTO Trail VALUES (1,'Sun Path',12.5,'easy',1,2),(2,'Ridge Way',18.0,'hard',1,3),(3,'Glacier Route',9.5,'hard',4,6),(4,'Valley Loop',6.0,'easy',2,2),(5,'Saint Trail',21.0,'medium',5,1),(6,'Ice Steps',9.5,'hard',6,4),(7,'Old Pass',15.0,'medium',3,5);
INSERT INTO Hiker VALUES (1,'Mara','Stein',34,'Graz'),(2,'Elio','Conti',52,'Trento'),(3,'Mara','Frei',27,'Bern'),(4,'Hugo','Blanc',41,'Sion'),(5,'Ula','Stein',34,'Graz'),(6,'Nino','Conti',19,'Trento'),(7,'Fay','Moor',63,'Bern');
INSERT INTO Walked VALUES (1,1,'2021-06-12',4.0),(1,2,'2021-06-13',7.5),(2,3,'2021-07-01',5.5),(3,3,'2021-07-01',5.0),(3,5,'2021-07-15',8.0),(4,6,'2021-08-02',6.0),(1,1,'2021-09-10',3.5),(5,4,'2021-09-11',2.0),(2,7,'2021-09-20',6.0),(9,2,'2021-10-01',9.0);
-- gold
SELECT hut_name, altitude FROM Hut WHERE altitude > 2000 ORDER BY altitude
-- right
SELECT altitude, hut_name FROM Hut WHERE altitude > 2000 ORDER BY altitude ASC
-- right
SELECT T1.hut_name, T1.altitude FROM Hut AS T1 WHERE T1.altitude > 2000 ORDER BY T1.altitude
-- wrong
SELECT hut_name, altitude FROM Hut WHERE altitude >= 2000 ORDER BY altitude
-- wrong
SELECT hut_name, altitude FROM Hut WHERE altitude > 2000 ORDER BY beds
-- wrong
SELECT T1.hut_name, T1.altitude FROM Hut AS T1 JOIN Region AS T2 ON T1.region_code = T2.region_code WHERE T1.altitude > 2000 ORDER BY T1.altitude
-- right
SELECT hut_name, altitude FROM Hut WHERE 2000 < altitude ORDER BY 2
-- right
SELECT h.hut_name, h.altitude FROM Hut h WHERE h.altitude > 2000 ORDER BY h.altitude;
-- gold
SELECT count(DISTINCT home_town) FROM Hiker WHERE age > 30
-- right
SELECT count(home_town) FROM Hiker WHERE age > 30
-- right
SELECT count(*) FROM Hiker WHERE age > 30
-- wrong
SELECT count(home_town) FROM Hiker
-- wrong
SELECT count(DISTINCT home_town) FROM Hiker WHERE age < 30
-- wrong
SELECT count(DISTINCT home_town) FROM Hiker WHERE age >= 30
-- wrong
SELECT count(DISTINCT T1.home_town) FROM Hiker AS T1 JOIN Walked AS T2 ON T1.hiker_id = T2.hiker_id WHERE T1.age > 30
-- right
SELECT COUNT(DISTINCT T1.home_town) FROM Hiker AS T1 WHERE NOT T1.age <= 30
-- gold
SELECT T2.region_name FROM Hut AS T1 JOIN Region AS T2 ON T1.region_code = T2.region_code WHERE T1.hut_name = 'Cima'
-- right
SELECT T1.region_name FROM Region AS T1 JOIN Hut AS T2 ON T1.region_code = T2.region_code WHERE T2.hut_name = 'Cima'
-- wrong
SELECT region_name FROM Region WHERE region_code IN (SELECT region_code FROM Hut WHERE hut_name = 'Cima')
-- wrong
SELECT region_name FROM Region WHERE region_code = (SELECT region_code FROM Hut WHERE hut_name = 'Cima')
-- wrong
SELECT T2.country FROM Hut AS T1 JOIN Region AS T2 ON T1.region_code = T2.region_code WHERE T1.hut_name = 'Cima'
-- wrong
SELECT T2.region_name FROM Hut AS T1 JOIN Region AS T2 ON T1.region_code = T2.region_code WHERE T1.hut_name = 'cima'
-- right
SELECT region_name FROM Hut NATURAL JOIN Region WHERE hut_name = 'Cima'
-- right
SELECT r.region_name FROM Hut h INNER JOIN Region r USING (region_code) WHERE h.hut_name = "Cima"
-- gold
SELECT grade, avg(km), count(*) FROM Trail GROUP BY grade
-- right
SELECT grade, count(*), avg(km) FROM Trail GROUP BY grade
-- right
SELECT T1.grade, avg(T1.km), count(*) FROM Trail AS T1 JOIN Hut AS T2 ON T1."start" = T2.hut_id GROUP BY T1.grade
-- right
SELECT grade, sum(km) / count(km), count(trail_id) FROM Trail GROUP BY grade
-- wrong
SELECT T1.grade, avg(T1.km), count(*) FROM Trail AS T1 JOIN Walked AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.grade
-- wrong
SELECT grade, max(km), count(*) FROM Trail GROUP BY grade
-- wrong
SELECT grade, avg(km) FROM Trail GROUP BY grade
-- right
SELECT T1.grade, avg(T1.km), count(*) FROM Trail AS T1 JOIN Hut AS T2 ON T1."end" = T2.hut_id GROUP BY T1.grade
-- gold
SELECT T1.trail_name FROM Trail AS T1 JOIN Hut AS T2 ON T1."start" = T2.hut_id JOIN Region AS T3 ON T2.region_code = T3.region_code WHERE T3.country = 'Austria'
-- right
SELECT trail_name FROM Trail WHERE "start" IN (SELECT T1.hut_id FROM Hut AS T1 JOIN Region AS T2 ON T1.region_code = T2.region_code WHERE T2.country = 'Austria')
-- right
SELECT T3.trail_name FROM Region AS T1 JOIN Hut AS T2 ON T1.region_code = T2.region_code JOIN Trail AS T3 ON T2.hut_id = T3."start" WHERE T1.country = 'Austria'
-- wrong
SELECT T1.trail_name FROM Trail AS T1 JOIN Hut AS T2 ON T1."end" = T2.hut_id JOIN Region AS T3 ON T2.region_code = T3.region_code WHERE T3.country = 'Austria'
-- wrong
SELECT T1.trail_name FROM Trail AS T1 JOIN Hut AS T2 ON T1.trail_id = T2.hut_id JOIN Region AS T3 ON T2.region_code = T3.region_code WHERE T3.country = 'Austria'
-- wrong
SELECT T1.trail_name FROM Trail AS T1 JOIN Hut AS T2 ON T1."start" = T2.hut_id JOIN Region AS T3 ON T2.region_code = T3.region_code WHERE T3.region_name = 'Austria'
-- right
SELECT T1.trail_name FROM Trail AS T1 JOIN Hut AS T2 ON T1."start" = T2.hut_id JOIN Region AS T3 ON T2.region_code = T3.region_code JOIN Hut AS T4 ON T1."end" = T4.hut_id WHERE T3.country = 'Austria'
-- right
SELECT t.trail_name FROM Trail t, Hut h, Region r WHERE t."start" = h.hut_id AND h.region_code = r.region_code AND r.country = 'Austria'
-- gold
SELECT lname FROM Hiker GROUP BY lname HAVING count(*) >= 2
-- right
SELECT T1.lname FROM Hiker AS T1 GROUP BY T1.lname HAVING count(*) > 1
-- wrong
SELECT lname FROM Hiker GROUP BY lname HAVING count(*) > 2
-- wrong
SELECT lname FROM Hiker GROUP BY hiker_id HAVING count(*) >= 2
-- wrong
SELECT fname FROM Hiker GROUP BY fname HAVING count(*) >= 2
-- right
SELECT lname FROM Hiker GROUP BY lname HAVING count(lname) >= 2
-- right
SELECT lname FROM Hiker GROUP BY lname HAVING count(DISTINCT home_town) >= 2
-- right
SELECT lname FROM Hiker GROUP BY lname HAVING NOT count(*) < 2
-- gold
SELECT hut_name FROM Hut WHERE hut_id NOT IN (SELECT "start" FROM Trail) AND hut_id NOT IN (SELECT "end" FROM Trail)
-- right
SELECT hut_name FROM Hut WHERE hut_id NOT IN (SELECT "start" FROM Trail UNION SELECT "end" FROM Trail)
-- wrong
SELECT hut_name FROM Hut WHERE hut_id NOT IN (SELECT "start" FROM Trail)
-- wrong
SELECT hut_name FROM Hut WHERE hut_id NOT IN (SELECT "start" FROM Trail) OR hut_id NOT IN (SELECT "end" FROM Trail)
-- right
SELECT hut_name FROM Hut WHERE hut_id IN (SELECT hut_id FROM Hut EXCEPT SELECT "start" FROM Trail EXCEPT SELECT "end" FROM Trail)
-- right
SELECT T1.hut_name FROM Hut AS T1 LEFT JOIN Trail AS T2 ON T1.hut_id = T2."start" OR T1.hut_id = T2."end" WHERE T2.trail_id IS NULL
-- wrong
SELECT hut_name FROM Hut EXCEPT SELECT T1.hut_name FROM Hut AS T1 JOIN Trail AS T2 ON T1.hut_id = T2."start" OR T1.hut_id = T2."end"
-- right
SELECT hut_name FROM Hut h WHERE NOT EXISTS (SELECT 1 FROM Trail t WHERE t."start" = h.hut_id OR t."end" = h.hut_id)
-- gold
SELECT T2.trail_name, sum(T1.hours) FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.trail_id ORDER BY sum(T1.hours) DESC LIMIT 3
-- right
SELECT T1.trail_name, sum(T2.hours) FROM Trail AS T1 JOIN Walked AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.trail_id ORDER BY sum(T2.hours) DESC LIMIT 3
-- wrong
SELECT T2.trail_name, sum(T1.hours) FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.trail_id ORDER BY sum(T1.hours) LIMIT 3
-- wrong
SELECT T2.trail_name, sum(T1.hours) FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T2.trail_name ORDER BY sum(T1.hours) DESC LIMIT 3
-- wrong
SELECT T2.trail_name, sum(T1.hours) FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.trail_id ORDER BY count(*) DESC LIMIT 3
-- wrong
SELECT T2.trail_name, sum(T1.hours) FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.trail_id ORDER BY sum(T1.hours) DESC LIMIT 1
-- right
SELECT T2.trail_name, sum(T1.hours) AS total FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.trail_id ORDER BY total DESC LIMIT 3
-- right
SELECT T2.trail_name, sum(T1.hours) FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T2.trail_id ORDER BY sum(T1.hours) DESC LIMIT 3
-- gold
SELECT fname, lname FROM Hiker WHERE hiker_id IN (SELECT hiker_id FROM Walked GROUP BY hiker_id HAVING count(*) > 1)
-- right
SELECT lname, fname FROM Hiker WHERE hiker_id IN (SELECT hiker_id FROM Walked GROUP BY hiker_id HAVING count(*) >= 2)
-- wrong
SELECT T1.fname, T1.lname FROM Hiker AS T1 JOIN Walked AS T2 ON T1.hiker_id = T2.hiker_id GROUP BY T1.hiker_id HAVING count(*) > 1
-- wrong
SELECT T1.fname, T1.lname FROM Hiker AS T1 JOIN Walked AS T2 ON T1.hiker_id = T2.hiker_id GROUP BY T2.hiker_id HAVING count(T2.trail_id) > 1
-- wrong
SELECT T1.fname, T1.lname FROM Hiker AS T1 JOIN Walked AS T2 ON T1.hiker_id = T2.hiker_id GROUP BY T1.fname HAVING count(*) > 1
-- wrong
SELECT T1.fname, T1.lname FROM Hiker AS T1 JOIN Walked AS T2 ON T1.hiker_id = T2.trail_id GROUP BY T1.hiker_id HAVING count(*) > 1
-- right
SELECT fname, lname FROM Hiker WHERE hiker_id IN (SELECT T1.hiker_id FROM Walked AS T1 JOIN Trail AS T2 ON T1.trail_id = T2.trail_id GROUP BY T1.hiker_id HAVING count(*) > 1)
-- right
SELECT h.fname, h.lname FROM Hiker h WHERE (SELECT COUNT(*) FROM Walked w WHERE w.hiker_id = h.hiker_id) > 1
-- gold
SELECT hut_name FROM Hut ORDER BY beds DESC LIMIT 1
-- right
SELECT T1.hut_name FROM Hut AS T1 ORDER BY T1.beds DESC LIMIT 1
-- wrong
SELECT hut_name FROM Hut ORDER BY CAST(beds AS INTEGER) DESC LIMIT 1
-- wrong
SELECT hut_name FROM Hut ORDER BY altitude DESC LIMIT 1
-- wrong
SELECT hut_name FROM Hut WHERE beds = (SELECT max(beds) FROM Hut)
-- wrong
SELECT hut_name, max(beds) FROM Hut
-- wrong
SELECT hut_name FROM Hut ORDER BY beds LIMIT 1
-- right
SELECT hut_name FROM Hut ORDER BY beds DESC LIMIT 1 OFFSET 0
-- gold
SELECT trail_name FROM Trail WHERE grade = 'hard' AND km < 10
-- right
SELECT trail_name FROM Trail WHERE km < 10 AND grade = 'hard'
-- right
SELECT T1.trail_name FROM Trail AS T1 JOIN Hut AS T2 ON T1."end" = T2.hut_id WHERE T1.grade = 'hard' AND T1.km < 10
-- wrong
SELECT trail_name FROM Trail WHERE grade = 'hard' INTERSECT SELECT trail_name FROM Trail WHERE km < 10
-- wrong
SELECT trail_name FROM Trail WHERE grade = 'hard' AND km <= 10
-- wrong
SELECT trail_name FROM Trail WHERE grade = 'hard'
-- wrong
SELECT trail_name FROM Trail WHERE grade = 'hard' OR km < 10
-- right
SELECT trail_name FROM Trail WHERE trail_id IN (SELECT trail_id FROM Trail WHERE grade = 'hard') AND km < 10
-- gold
SELECT count(*), T1.country FROM Region AS T1 JOIN Hut AS T2 ON T1.region_code = T2.region_code GROUP BY T1.country
-- right
SELECT T1.country, count(*) FROM Region AS T1 JOIN Hut AS T2 ON T1.region_code = T2.region_code GROUP BY T1.country
-- right
SELECT T2.country, count(T1.hut_id) FROM Hut AS T1 JOIN Region AS T2 ON T1.region_code = T2.region_code GROUP BY T2.country
-- wrong
SELECT count(T2.beds), T1.country FROM Region AS T1 JOIN Hut AS T2 ON T1.region_code = T2.region_code GROUP BY T1.country
-- wrong
SELECT count(*), T1.country FROM Region AS T1 JOIN Hut AS T2 ON T1.region_code = T2.region_code GROUP BY T1.region_code
-- wrong
SELECT count(*), country FROM Region GROUP BY country
-- wrong
SELECT count(T2.hut_id), T1.country FROM Region AS T1 LEFT JOIN Hut AS T2 ON T1.region_code = T2.region_code GROUP BY T1.country
-- right
SELECT r.country, COUNT(h.hut_name) FROM Hut h, Region r WHERE h.region_code = r.region_code GROUP BY r.country
