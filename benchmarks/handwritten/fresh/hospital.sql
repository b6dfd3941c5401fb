-- context
CREATE TABLE Ward (WardNo INTEGER, WardName VARCHAR(30), Floor INTEGER, Beds INTEGER, PRIMARY KEY (WardNo));
CREATE TABLE Doctor (SSN INTEGER PRIMARY KEY NOT NULL, Name VARCHAR(40) NOT NULL, Position VARCHAR(30), Ward TEXT REFERENCES Ward(WardNo));
CREATE TABLE Patient (PID INTEGER PRIMARY KEY NOT NULL, Name VARCHAR(40) NOT NULL, BirthDate TEXT, Insurance INTEGER, Doc INTEGER NOT NULL, FOREIGN KEY (Doc) REFERENCES Doctor);
CREATE TABLE Drug (Code VARCHAR(8) PRIMARY KEY, Name TEXT, Brand TEXT, Price VARCHAR(10));
CREATE TABLE Prescribes (Doctor INTEGER NOT NULL, Patient INTEGER NOT NULL, Drug VARCHAR(8) NOT NULL, "Date" TEXT NOT NULL, Dose TEXT, PRIMARY KEY (Doctor, Patient, Drug, "Date"), FOREIGN KEY (Doctor) REFERENCES Doctor(SSN), FOREIGN KEY (Patient) REFERENCES Patient(PID), FOREIGN KEY (Drug) REFERENCES Drug(Code));
INSERT INTO Ward VALUES (1,'Cardiology',2,20),(2,'Surgery',3,35),(3,'Pediatrics',2,18),(4,'Oncology',4,24),(5,'Burns',1,6);
INSERT INTO Doctor VALUES (101,'Greta Hall','Chief','1'),(102,'Omar Riad','Surgeon','2'),(103,'Nina Ross','Surgeon','2'),(104,'Ivan Petrov','Intern','3'),(105,'Greta Hall','Intern','4'),(106,'Yuki Abe','Chief','2');
INSERT INTO Patient VALUES (1,'Paul Reed','1956-03-12',6001,101),(2,'Zoe Lind','1988-11-30',6002,102),(3,'Max Kern','2015-05-17',NULL,104),(4,'Ida Voss','1971-01-22',6004,102),(5,'Tim Gray','1956-09-02',NULL,106),(6,'Ann Reed','1999-07-07',6006,103),(7,'Leo Nash','2010-02-14',6007,104);
INSERT INTO Drug VALUES ('D1','Aspro','Bayern','4.50'),('D2','Zestor','Novis','18.00'),('D3','Painex','Bayern','9.20'),('D4','Calmol','Roxa','12'),('D5','Oldix','Roxa','100');
INSERT INTO Prescribes VALUES (101,1,'D1','2021-03-01','2'),(101,1,'D2','2021-03-01','5'),(102,2,'D3','2021-04-12','10'),(104,3,'D1','2021-05-05','1'),(106,4,'D4','2021-05-20','3'),(102,4,'D1','2021-06-01','2'),(102,2,'D3','2021-07-12','10'),(103,6,'D2','2021-08-09','5');
-- gold
SELECT Name FROM Drug WHERE Brand = 'Bayern'
-- right
SELECT T1.Name FROM Drug AS T1 WHERE T1.Brand = 'Bayern'
-- wrong
SELECT T1.Name FROM Drug AS T1 JOIN Prescribes AS T2 ON T1.Code = T2.Drug WHERE T1.Brand = 'Bayern'
-- right
SELECT Name FROM Drug WHERE Brand LIKE 'Bayern'
-- right
SELECT Name FROM Drug WHERE Brand IN ('Bayern')
-- wrong
SELECT Name FROM Drug WHERE Name = 'Bayern'
-- wrong
SELECT Code FROM Drug WHERE Brand = 'Bayern'
-- right
SELECT Drug.Name FROM Drug WHERE Drug.Brand == 'Bayern'
-- gold
SELECT avg(Beds) FROM Ward WHERE Floor < 3
-- right
SELECT sum(Beds) * 1.0 / count(*) FROM Ward WHERE Floor < 3
-- right
SELECT avg(T1.Beds) FROM Ward AS T1 WHERE T1.Floor <= 2
-- wrong
SELECT avg(Beds) FROM Ward WHERE Floor <= 3
-- wrong
SELECT sum(Beds) FROM Ward WHERE Floor < 3
-- wrong
SELECT avg(Beds) FROM Ward WHERE Floor > 3
-- wrong
SELECT avg(Floor) FROM Ward WHERE Floor < 3
-- right
SELECT AVG(Beds) FROM Ward WHERE Floor IN (SELECT Floor FROM Ward WHERE Floor < 3)
-- gold
SELECT Name FROM Patient WHERE Insurance IS NULL
-- right
SELECT T1.Name FROM Patient AS T1 JOIN Doctor AS T2 ON T1.Doc = T2.SSN WHERE T1.Insurance IS NULL
-- right
SELECT Name FROM Patient WHERE NOT Insurance IS NOT NULL
-- wrong
SELECT Name FROM Patient WHERE Insurance = NULL
-- wrong
SELECT Name FROM Patient WHERE Insurance IS NOT NULL
-- wrong
SELECT T1.Name FROM Doctor AS T1 JOIN Patient AS T2 ON T1.SSN = T2.Doc WHERE T2.Insurance IS NULL
-- wrong
SELECT Name FROM Patient WHERE Insurance = ''
-- right
SELECT p.Name FROM Patient p INNER JOIN Doctor d ON p.Doc = d.SSN WHERE p.Insurance IS NULL;
-- gold
SELECT T1.Name FROM Doctor AS T1 JOIN Ward AS T2 ON T1.Ward = T2.WardNo WHERE T2.WardName = 'Surgery'
-- right
SELECT Name FROM Doctor WHERE Ward IN (SELECT WardNo FROM Ward WHERE WardName = 'Surgery')
-- right
SELECT T2.Name FROM Ward AS T1 JOIN Doctor AS T2 ON T1.WardNo = T2.Ward WHERE T1.WardName = 'Surgery'
-- right
SELECT Name FROM Doctor AS T1, Ward AS T2 WHERE T2.WardName = 'Surgery' AND T2.WardNo = T1.Ward
-- wrong
SELECT T1.Name FROM Doctor AS T1 JOIN Ward AS T2 ON T1.Ward = T2.Floor WHERE T2.WardName = 'Surgery'
-- wrong
SELECT T1.Name FROM Doctor AS T1 JOIN Ward AS T2 ON T1.Ward = T2.WardNo JOIN Patient AS T3 ON T1.SSN = T3.Doc WHERE T2.WardName = 'Surgery'
-- wrong
SELECT Name FROM Doctor WHERE Position = 'Surgeon'
-- right
SELECT d.Name FROM Doctor d INNER JOIN Ward w ON d.Ward = w.WardNo AND w.WardName = 'Surgery'
-- gold
SELECT T2.Name, count(*) FROM Patient AS T1 JOIN Doctor AS T2 ON T1.Doc = T2.SSN GROUP BY T2.SSN
-- right
SELECT T1.Name, count(*) FROM Doctor AS T1 JOIN Patient AS T2 ON T1.SSN = T2.Doc GROUP BY T2.Doc
-- right
SELECT T1.Name, count(T2.PID) FROM Doctor AS T1 JOIN Patient AS T2 ON T1.SSN = T2.Doc GROUP BY T1.SSN
-- wrong
SELECT T1.Name, count(T2.Insurance) FROM Doctor AS T1 JOIN Patient AS T2 ON T1.SSN = T2.Doc GROUP BY T1.SSN
-- wrong
SELECT T1.Name, count(*) FROM Doctor AS T1 JOIN Patient AS T2 ON T1.SSN = T2.Doc GROUP BY T1.Name
-- wrong
SELECT T1.Name, count(T2.PID) FROM Doctor AS T1 LEFT JOIN Patient AS T2 ON T1.SSN = T2.Doc GROUP BY T1.SSN
-- wrong
SELECT T2.Name, count(*) FROM Doctor AS T1 JOIN Patient AS T2 ON T1.SSN = T2.Doc GROUP BY T1.SSN
-- right
SELECT d.Name, COUNT(*) AS patients FROM Doctor d, Patient p WHERE d.SSN = p.Doc GROUP BY d.SSN
-- right
SELECT T2.Name, count(T1.Doc) FROM Patient AS T1 JOIN Doctor AS T2 ON T1.Doc = T2.SSN GROUP BY T1.Doc
-- gold
SELECT Name FROM Doctor WHERE Position = 'Intern' EXCEPT SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor
-- right
SELECT T1.Name FROM Doctor AS T1 WHERE T1.Position = 'Intern' EXCEPT SELECT T2.Name FROM Prescribes AS T1 JOIN Doctor AS T2 ON T1.Doctor = T2.SSN
-- right
SELECT Name FROM Doctor WHERE Position = 'Intern' EXCEPT SELECT Name FROM Doctor WHERE SSN IN (SELECT Doctor FROM Prescribes)
-- wrong
SELECT Name FROM Doctor WHERE Position = 'Intern' AND SSN NOT IN (SELECT Doctor FROM Prescribes)
-- wrong
SELECT Name FROM Doctor EXCEPT SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor
-- wrong
SELECT Name FROM Doctor WHERE Position = 'Intern'
-- wrong
SELECT SSN FROM Doctor WHERE Position = 'Intern' EXCEPT SELECT Doctor FROM Prescribes
-- right
SELECT Name FROM Doctor WHERE Position = 'Intern' EXCEPT SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor JOIN Drug AS T3 ON T2.Drug = T3.Code
-- gold
SELECT Brand, max(Price) FROM Drug GROUP BY Brand
-- right
SELECT max(Price), Brand FROM Drug GROUP BY Brand
-- right
SELECT T1.Brand, max(T1.Price) FROM Drug AS T1 GROUP BY T1.Brand
-- wrong
SELECT Brand, min(Price) FROM Drug GROUP BY Brand
-- wrong
SELECT Brand, max(CAST(Price AS REAL)) FROM Drug GROUP BY Brand
-- wrong
SELECT Name, max(Price) FROM Drug GROUP BY Name
-- wrong
SELECT T1.Brand, max(T1.Price) FROM Drug AS T1 JOIN Prescribes AS T2 ON T1.Code = T2.Drug GROUP BY T1.Brand
-- right
SELECT Brand, MAX(Price) AS max_price FROM Drug GROUP BY Brand
-- gold
SELECT T3.Name FROM Prescribes AS T1 JOIN Drug AS T2 ON T1.Drug = T2.Code JOIN Patient AS T3 ON T1.Patient = T3.PID WHERE T2.Name = 'Aspro'
-- right
SELECT T1.Name FROM Patient AS T1 JOIN Prescribes AS T2 ON T1.PID = T2.Patient JOIN Drug AS T3 ON T2.Drug = T3.Code WHERE T3.Name = 'Aspro'
-- right
SELECT T1.Name FROM Patient AS T1 JOIN Prescribes AS T2 ON T1.PID = T2.Patient WHERE T2.Drug IN (SELECT Code FROM Drug WHERE Name = 'Aspro')
-- wrong
SELECT Name FROM Patient WHERE PID IN (SELECT Patient FROM Prescribes AS T1 JOIN Drug AS T2 ON T1.Drug = T2.Code WHERE T2.Name = 'Aspro')
-- right
SELECT T4.Name FROM Prescribes AS T1 JOIN Drug AS T2 ON T1.Drug = T2.Code JOIN Doctor AS T3 ON T1.Doctor = T3.SSN JOIN Patient AS T4 ON T1.Patient = T4.PID WHERE T2.Name = 'Aspro'
-- wrong
SELECT T3.Name FROM Prescribes AS T1 JOIN Drug AS T2 ON T1.Drug = T2.Code JOIN Patient AS T3 ON T1.Doctor = T3.Doc WHERE T2.Name = 'Aspro'
-- wrong
SELECT T3.Name FROM Prescribes AS T1 JOIN Drug AS T2 ON T1.Drug = T2.Code JOIN Patient AS T3 ON T1.Patient = T3.PID WHERE T2.Brand = 'Aspro'
-- right
SELECT p.Name FROM Patient p, Prescribes r, Drug d WHERE p.PID = r.Patient AND r.Drug = d.Code AND d.Name = 'Aspro'
-- gold
SELECT count(DISTINCT Brand) FROM Drug
-- right
SELECT count(Brand) FROM Drug
-- right
SELECT count(*) FROM Drug
-- right
SELECT count(DISTINCT T1.Brand) FROM Drug AS T1
-- wrong
SELECT count(DISTINCT T1.Brand) FROM Drug AS T1 JOIN Prescribes AS T2 ON T1.Code = T2.Drug
-- wrong
SELECT Brand, count(*) FROM Drug GROUP BY Brand
-- wrong
SELECT DISTINCT Brand FROM Drug
-- right
SELECT COUNT(DISTINCT Brand) AS brands FROM Drug WHERE Brand IS NOT NULL
-- gold
SELECT Name, BirthDate FROM Patient ORDER BY BirthDate ASC LIMIT 3
-- right
SELECT Name, BirthDate FROM Patient ORDER BY BirthDate LIMIT 3
-- right
SELECT T1.Name, T1.BirthDate FROM Patient AS T1 JOIN Doctor AS T2 ON T1.Doc = T2.SSN ORDER BY T1.BirthDate LIMIT 3
-- wrong
SELECT Name, BirthDate FROM Patient ORDER BY BirthDate DESC LIMIT 3
-- wrong
SELECT Name, BirthDate FROM Patient ORDER BY BirthDate
-- wrong
SELECT Name, BirthDate FROM Patient ORDER BY Name LIMIT 3
-- right
SELECT BirthDate, Name FROM Patient ORDER BY BirthDate ASC LIMIT 3
-- right
SELECT Name, BirthDate FROM Patient ORDER BY BirthDate LIMIT 3 OFFSET 0
-- gold
SELECT WardName FROM Ward WHERE Beds > (SELECT avg(Beds) FROM Ward)
-- right
SELECT T1.WardName FROM Ward AS T1 WHERE T1.Beds > (SELECT avg(T2.Beds) FROM Ward AS T2)
-- wrong
SELECT WardName FROM Ward WHERE Beds > (SELECT min(Beds) FROM Ward)
-- wrong
SELECT WardName FROM Ward WHERE Beds < (SELECT avg(Beds) FROM Ward)
-- wrong
SELECT WardName FROM Ward WHERE Beds > avg(Beds)
-- wrong
SELECT WardName FROM Ward WHERE Beds > (SELECT avg(Floor) FROM Ward)
-- right
SELECT WardName FROM Ward GROUP BY WardNo HAVING Beds > (SELECT avg(Beds) FROM Ward)
-- right
SELECT w.WardName FROM Ward w, (SELECT avg(Beds) AS m FROM Ward) x WHERE w.Beds > x.m
-- gold
SELECT Name FROM Doctor WHERE SSN IN (SELECT Doctor FROM Prescribes GROUP BY Doctor HAVING count(*) >= 2)
-- right
SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor GROUP BY T1.SSN HAVING count(*) >= 2
-- right
SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor GROUP BY T2.Doctor HAVING count(*) > 1
-- right
SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor JOIN Patient AS T3 ON T2.Patient = T3.PID GROUP BY T1.SSN HAVING count(*) >= 2
-- wrong
SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor GROUP BY T1.Name HAVING count(*) >= 2
-- wrong
SELECT T1.Name FROM Doctor AS T1 JOIN Prescribes AS T2 ON T1.SSN = T2.Doctor GROUP BY T1.SSN HAVING count(*) > 2
-- wrong
SELECT T1.Name FROM Doctor AS T1 JOIN Patient AS T2 ON T1.SSN = T2.Doc GROUP BY T1.SSN HAVING count(*) >= 2
-- right
SELECT d.Name FROM Doctor d WHERE d.SSN IN (SELECT p.Doctor FROM Prescribes p GROUP BY p.Doctor HAVING COUNT(p.Drug) >= 2)
