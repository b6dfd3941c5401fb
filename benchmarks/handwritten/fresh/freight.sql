-- context
CREATE TABLE Depot (Code TEXT PRIMARY KEY, City TEXT, Capacity INTEGER, "Open" TEXT);
CREATE TABLE Truck (Plate TEXT PRIMARY KEY, Make TEXT, Model_Year INTEGER, Km TEXT, Home TEXT, FOREIGN KEY (Home) REFERENCES Depot(Code));
CREATE TABLE Driver (Driver_ID INTEGER PRIMARY KEY, Driver_Name TEXT, Hired TEXT, Wage REAL, Mentor INTEGER, FOREIGN KEY (Mentor) REFERENCES Driver(Driver_ID));
CREATE TABLE Trip (Trip_ID INTEGER PRIMARY KEY, Plate TEXT NOT NULL, Driver INTEGER NOT NULL, "From" TEXT, "To" TEXT, Start_Date TEXT, Tons REAL, FOREIGN KEY (Plate) REFERENCES Truck(Plate), FOREIGN KEY (Driver) REFERENCES Driver(Driver_ID), FOREIGN KEY ("From") REFERENCES Depot(Code), FOREIGN KEY ("To") REFERENCES Depot(Code));
CREATE TABLE Accident (Acc_ID INTEGER, Trip_ID INTEGER, Cost INTEGER, Note TEXT);
INSERT INTO Depot VALUES ('RTM','Rotterdam',400,'yes'),('ANR','Antwerp',350,'yes'),('HAM','Hamburg',500,'no'),('LYS','Lyon',120,'yes'),('WAW','Warsaw',350,'no');
INSERT INTO Truck VALUES ('AA-11','Volvo',2015,'420000','RTM'),('BB-22','Scania',2018,'98000','RTM'),('CC-33','Volvo',2020,'150500','HAM'),('DD-44','MAN',2012,'1020000','LYS'),('EE-55','DAF',2018,'98000',NULL),('FF-66','Scania',2011,'770000','ANR'),('GG-77','Volvo',2022,'500','HAM');
INSERT INTO Driver VALUES (1,'Piet Smit','2001-04-01',3100.5,NULL),(2,'Olga Nowak','2010-10-10',2800.0,1),(3,'Hans Maas','2015-02-20',2500.0,1),(4,'Lea Petit','2019-06-06',2500.0,2),(5,'Jan Kos','2021-09-09',2200.0,2),(6,'Hans Maas','2022-01-01',2100.0,3);
INSERT INTO Trip VALUES (1,'AA-11',1,'RTM','HAM','2022-01-10',18.5),(2,'BB-22',2,'RTM','ANR','2022-01-12',9.0),(3,'AA-11',2,'HAM','RTM','2022-01-14',20.0),(4,'CC-33',3,'HAM','LYS','2022-02-01',15.2),(5,'DD-44',4,'LYS','RTM','2022-02-03',15.2),(6,'FF-66',3,'ANR','HAM','2022-02-20',7.7),(7,'CC-33',1,'HAM','RTM','2022-03-03',NULL),(8,'AA-11',1,'RTM','LYS','2022-03-08',12.0),(9,'BB-22',5,'ANR','RTM','2022-03-08',22.1);
INSERT INTO Accident VALUES (1,3,1500,'mirror'),(2,5,20000,'rollover'),(3,5,300,NULL),(4,8,750,'scratch'),(5,77,10,'unknown trip');
-- gold
SELECT Plate, Make FROM Truck WHERE Model_Year >= 2015 AND Make = 'Volvo'
-- right
SELECT Make, Plate FROM Truck WHERE Make = 'Volvo' AND Model_Year >= 2015
-- right
SELECT T1.Plate, T1.Make FROM Truck AS T1 WHERE T1.Model_Year > 2014 AND T1.Make = 'Volvo'
-- right
SELECT Plate, 'Volvo' FROM Truck WHERE Model_Year >= 2015 AND Make = 'Volvo'
-- wrong
SELECT Plate, Make FROM Truck WHERE Model_Year > 2015 AND Make = 'Volvo'
-- wrong
SELECT Plate, Make FROM Truck WHERE Model_Year >= 2015
-- wrong
SELECT T1.Plate, T1.Make FROM Truck AS T1 JOIN Depot AS T2 ON T1.Home = T2.Code WHERE T1.Model_Year >= 2015
-- right
SELECT Plate, Make FROM Truck WHERE Make IN ('Volvo') AND NOT Model_Year < 2015
-- gold
SELECT sum(Tons) FROM Trip WHERE Start_Date LIKE '2022-02%'
-- right
SELECT sum(T1.Tons) FROM Trip AS T1 WHERE T1.Start_Date LIKE '2022-02%'
-- right
SELECT sum(Tons) FROM Trip AS T1 JOIN Driver AS T2 ON T1.Driver = T2.Driver_ID WHERE Start_Date LIKE '2022-02%'
-- right
SELECT sum(Tons) FROM Trip WHERE substr(Start_Date, 1, 7) = '2022-02'
-- wrong
SELECT avg(Tons) FROM Trip WHERE Start_Date LIKE '2022-02%'
-- wrong
SELECT sum(Tons) FROM Trip WHERE Start_Date LIKE '%2022-02%'
-- wrong
SELECT sum(Tons) FROM Trip WHERE Start_Date > '2022-02'
-- right
SELECT SUM(Tons) AS total FROM Trip WHERE Start_Date LIKE "2022-02%"
-- right
SELECT sum(T1.Tons) FROM Trip AS T1 JOIN Truck AS T2 ON T1.Plate = T2.Plate WHERE T1.Start_Date LIKE '2022-02%'
-- gold
SELECT T2.Driver_Name FROM Trip AS T1 JOIN Driver AS T2 ON T1.Driver = T2.Driver_ID JOIN Truck AS T3 ON T1.Plate = T3.Plate WHERE T3.Make = 'Scania'
-- right
SELECT T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver JOIN Truck AS T3 ON T2.Plate = T3.Plate WHERE T3.Make = 'Scania'
-- right
SELECT T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver WHERE T2.Plate IN (SELECT Plate FROM Truck WHERE Make = 'Scania')
-- wrong
SELECT T2.Driver_Name FROM Trip AS T1 JOIN Driver AS T2 ON T1.Driver = T2.Mentor JOIN Truck AS T3 ON T1.Plate = T3.Plate WHERE T3.Make = 'Scania'
-- wrong
SELECT Driver_Name FROM Driver WHERE Driver_ID IN (SELECT Driver FROM Trip AS T1 JOIN Truck AS T2 ON T1.Plate = T2.Plate WHERE T2.Make = 'Scania')
-- wrong
SELECT T2.Driver_Name FROM Trip AS T1 JOIN Driver AS T2 ON T1.Driver = T2.Driver_ID JOIN Truck AS T3 ON T1.Plate = T3.Plate JOIN Depot AS T4 ON T3.Home = T4.Code WHERE T3.Make = 'Scania' AND T4.City = 'Rotterdam'
-- wrong
SELECT T2.Driver_ID FROM Trip AS T1 JOIN Driver AS T2 ON T1.Driver = T2.Driver_ID JOIN Truck AS T3 ON T1.Plate = T3.Plate WHERE T3.Make = 'Scania'
-- right
SELECT d.Driver_Name FROM Driver d, Trip t, Truck k WHERE d.Driver_ID = t.Driver AND t.Plate = k.Plate AND k.Make = 'Scania'
-- gold
SELECT "From", "To", count(*) FROM Trip GROUP BY "From", "To"
-- right
SELECT count(*), "To", "From" FROM Trip GROUP BY "To", "From"
-- right
SELECT T1."From", T1."To", count(T1.Trip_ID) FROM Trip AS T1 GROUP BY T1."From", T1."To"
-- wrong
SELECT "From", "To", count(*) FROM Trip GROUP BY "From"
-- wrong
SELECT "From", "To", sum(Tons) FROM Trip GROUP BY "From", "To"
-- wrong
SELECT "From", "To", count(Tons) FROM Trip GROUP BY "From", "To"
-- right
SELECT T1."From", T1."To", count(*) FROM Trip AS T1 JOIN Truck AS T2 ON T1.Plate = T2.Plate GROUP BY T1."From", T1."To"
-- right
SELECT `From`, `To`, COUNT(*) AS trips FROM Trip GROUP BY `From`, `To`
-- gold
SELECT City FROM Depot WHERE Code NOT IN (SELECT Home FROM Truck WHERE Home IS NOT NULL)
-- right
SELECT T1.City FROM Depot AS T1 LEFT JOIN Truck AS T2 ON T1.Code = T2.Home WHERE T2.Plate IS NULL
-- wrong
SELECT City FROM Depot WHERE Code NOT IN (SELECT Home FROM Truck)
-- right
SELECT City FROM Depot WHERE Code NOT IN (SELECT T1.Code FROM Depot AS T1 JOIN Truck AS T2 ON T1.Code = T2.Home)
-- wrong
SELECT City FROM Depot EXCEPT SELECT T1.City FROM Depot AS T1 JOIN Truck AS T2 ON T1.Code = T2.Home
-- right
SELECT City FROM Depot WHERE Code IN (SELECT Code FROM Depot EXCEPT SELECT Home FROM Truck)
-- wrong
SELECT City FROM Depot WHERE "Open" = 'no'
-- right
SELECT City FROM Depot d WHERE NOT EXISTS (SELECT 1 FROM Truck t WHERE t.Home = d.Code)
-- gold
SELECT T1.Driver_Name, T2.Driver_Name FROM Driver AS T1 JOIN Driver AS T2 ON T1.Mentor = T2.Driver_ID
-- right
SELECT T2.Driver_Name, T1.Driver_Name FROM Driver AS T1 JOIN Driver AS T2 ON T1.Mentor = T2.Driver_ID
-- right
SELECT T1.Driver_Name, T2.Driver_Name FROM Driver AS T1, Driver AS T2 WHERE T2.Driver_ID = T1.Mentor
-- wrong
SELECT T1.Driver_Name, T2.Driver_Name FROM Driver AS T1 LEFT JOIN Driver AS T2 ON T1.Mentor = T2.Driver_ID
-- wrong
SELECT T1.Driver_Name, T2.Driver_Name FROM Driver AS T1 JOIN Driver AS T2 ON T1.Driver_ID = T2.Driver_ID
-- wrong
SELECT Driver_Name, Mentor FROM Driver
-- right
SELECT T1.Driver_Name, (SELECT T2.Driver_Name FROM Driver AS T2 WHERE T2.Driver_ID = T1.Mentor) FROM Driver AS T1 WHERE T1.Mentor IS NOT NULL
-- right
SELECT a.Driver_Name AS driver, b.Driver_Name AS mentor FROM Driver a INNER JOIN Driver b ON a.Mentor = b.Driver_ID
-- gold
SELECT Make FROM Truck GROUP BY Make ORDER BY avg(Model_Year) DESC LIMIT 1
-- right
SELECT T1.Make FROM Truck AS T1 GROUP BY T1.Make ORDER BY avg(T1.Model_Year) DESC LIMIT 1
-- wrong
SELECT Make FROM Truck ORDER BY Model_Year DESC LIMIT 1
-- wrong
SELECT Make FROM Truck GROUP BY Make ORDER BY avg(Model_Year) LIMIT 1
-- wrong
SELECT Make FROM Truck GROUP BY Make ORDER BY sum(Model_Year) DESC LIMIT 1
-- wrong
SELECT Make FROM Truck GROUP BY Make ORDER BY max(Model_Year) DESC LIMIT 1
-- wrong
SELECT Make FROM (SELECT Make, avg(Model_Year) AS y FROM Truck GROUP BY Make) ORDER BY y DESC LIMIT 1
-- right
SELECT Make FROM Truck GROUP BY Make ORDER BY avg(Model_Year) DESC LIMIT 1;
-- gold
SELECT max(Km) FROM Truck
-- right
SELECT max(T1.Km) FROM Truck AS T1
-- wrong
SELECT Km FROM Truck ORDER BY CAST(Km AS INT) DESC LIMIT 1
-- right
SELECT Km FROM Truck ORDER BY Km DESC LIMIT 1
-- wrong
SELECT max(CAST(Km AS INTEGER)) FROM Truck
-- wrong
SELECT max(T1.Km) FROM Truck AS T1 JOIN Trip AS T2 ON T1.Plate = T2.Plate
-- wrong
SELECT min(Km) FROM Truck
-- right
SELECT MAX(Truck.Km) AS max_km FROM Truck
-- right
SELECT Km FROM Truck WHERE Km = (SELECT max(Km) FROM Truck) GROUP BY Km
-- gold
SELECT T2.Plate, sum(T1.Cost) FROM Accident AS T1 JOIN Trip AS T2 ON T1.Trip_ID = T2.Trip_ID GROUP BY T2.Plate
-- right
SELECT T1.Plate, sum(T2.Cost) FROM Trip AS T1 JOIN Accident AS T2 ON T1.Trip_ID = T2.Trip_ID GROUP BY T1.Plate
-- right
SELECT T3.Plate, sum(T1.Cost) FROM Accident AS T1 JOIN Trip AS T2 ON T1.Trip_ID = T2.Trip_ID JOIN Truck AS T3 ON T2.Plate = T3.Plate GROUP BY T3.Plate
-- right
SELECT sum(T1.Cost), T2.Plate FROM Accident AS T1 JOIN Trip AS T2 ON T1.Trip_ID = T2.Trip_ID JOIN Driver AS T3 ON T2.Driver = T3.Driver_ID GROUP BY T2.Plate
-- wrong
SELECT T2.Plate, count(*) FROM Accident AS T1 JOIN Trip AS T2 ON T1.Trip_ID = T2.Trip_ID GROUP BY T2.Plate
-- wrong
SELECT T2.Plate, sum(T1.Cost) FROM Accident AS T1 JOIN Trip AS T2 ON T1.Acc_ID = T2.Trip_ID GROUP BY T2.Plate
-- wrong
SELECT T2.Plate, sum(T1.Cost) FROM Accident AS T1 JOIN Trip AS T2 ON T1.Trip_ID = T2.Trip_ID GROUP BY T2.Trip_ID
-- right
SELECT t.Plate, SUM(a.Cost) FROM Accident a, Trip t WHERE a.Trip_ID = t.Trip_ID GROUP BY t.Plate
-- gold
SELECT Driver_Name FROM Driver WHERE Wage > (SELECT avg(Wage) FROM Driver) ORDER BY Hired DESC
-- right
SELECT T1.Driver_Name FROM Driver AS T1 WHERE T1.Wage > (SELECT avg(T2.Wage) FROM Driver AS T2) ORDER BY T1.Hired DESC
-- wrong
SELECT Driver_Name FROM Driver WHERE Wage > (SELECT avg(Wage) FROM Driver) ORDER BY Hired
-- wrong
SELECT Driver_Name FROM Driver WHERE Wage > (SELECT avg(Wage) FROM Driver)
-- wrong
SELECT Driver_Name FROM Driver WHERE Wage >= (SELECT max(Wage) FROM Driver) ORDER BY Hired DESC
-- wrong
SELECT Driver_Name FROM Driver WHERE Wage < (SELECT avg(Wage) FROM Driver) ORDER BY Hired DESC
-- right
SELECT Driver_Name FROM Driver WHERE (SELECT avg(Wage) FROM Driver) < Wage ORDER BY Hired DESC
-- right
SELECT Driver_Name FROM Driver d JOIN (SELECT AVG(Wage) AS w FROM Driver) x ON d.Wage > x.w ORDER BY d.Hired DESC
-- gold
SELECT T2.City FROM Trip AS T1 JOIN Depot AS T2 ON T1."From" = T2.Code INTERSECT SELECT T2.City FROM Trip AS T1 JOIN Depot AS T2 ON T1."To" = T2.Code
-- right
SELECT T1.City FROM Depot AS T1 JOIN Trip AS T2 ON T1.Code = T2."To" INTERSECT SELECT T1.City FROM Depot AS T1 JOIN Trip AS T2 ON T1.Code = T2."From"
-- wrong
SELECT T2.City FROM Trip AS T1 JOIN Depot AS T2 ON T1."From" = T2.Code AND T1."To" = T2.Code
-- wrong
SELECT T2.City FROM Trip AS T1 JOIN Depot AS T2 ON T1."From" = T2.Code UNION SELECT T2.City FROM Trip AS T1 JOIN Depot AS T2 ON T1."To" = T2.Code
-- wrong
SELECT City FROM Depot WHERE Code IN (SELECT "From" FROM Trip) AND Code IN (SELECT "To" FROM Trip)
-- right
SELECT City FROM Depot WHERE Code IN (SELECT "From" FROM Trip) INTERSECT SELECT City FROM Depot WHERE Code IN (SELECT "To" FROM Trip)
-- wrong
SELECT "From" FROM Trip INTERSECT SELECT "To" FROM Trip
-- right
SELECT d.City FROM Depot d, Trip t WHERE d.Code = t."From" INTERSECT SELECT d.City FROM Depot d, Trip t WHERE d.Code = t."To"
-- gold
SELECT T1.Driver_ID, T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver GROUP BY T1.Driver_ID ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T1.Driver_ID, T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver GROUP BY T2.Driver ORDER BY count(T2.Trip_ID) DESC LIMIT 1
-- right
SELECT T2.Driver_ID, T2.Driver_Name FROM Trip AS T1 JOIN Driver AS T2 ON T1.Driver = T2.Driver_ID JOIN Truck AS T3 ON T1.Plate = T3.Plate GROUP BY T2.Driver_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Driver_ID, T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver GROUP BY T1.Driver_Name ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Driver_ID, T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver GROUP BY T1.Driver_ID ORDER BY count(T2.Tons) DESC LIMIT 1
-- wrong
SELECT T1.Driver_ID, T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver GROUP BY T1.Driver_ID ORDER BY sum(T2.Tons) DESC LIMIT 1
-- wrong
SELECT T1.Driver_ID, T1.Driver_Name FROM Driver AS T1 JOIN Trip AS T2 ON T1.Driver_ID = T2.Driver ORDER BY T2.Tons DESC LIMIT 1
-- right
SELECT d.Driver_Name, d.Driver_ID FROM Driver d JOIN Trip t ON d.Driver_ID = t.Driver GROUP BY d.Driver_ID ORDER BY COUNT(*) DESC LIMIT 1
