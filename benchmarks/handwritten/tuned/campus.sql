-- context
CREATE TABLE Student (StuID INTEGER PRIMARY KEY, LName VARCHAR(12), Fname VARCHAR(12), Age INTEGER, Sex VARCHAR(1), Major INTEGER, Advisor INTEGER, city_code VARCHAR(3));
CREATE TABLE Has_Pet (StuID INTEGER, PetID INTEGER, FOREIGN KEY(PetID) REFERENCES Pets(PetID), FOREIGN KEY(StuID) REFERENCES Student(StuID));
CREATE TABLE Pets (PetID INTEGER PRIMARY KEY, PetType VARCHAR(20), pet_age INTEGER, weight REAL);
CREATE TABLE Teacher (Teacher_ID INT, Name TEXT, Age TEXT, Hometown TEXT, PRIMARY KEY (Teacher_ID));
CREATE TABLE Course (Course_ID INT, Starting_Date TEXT, Course TEXT, PRIMARY KEY (Course_ID));
CREATE TABLE Course_Arrange (Course_ID INT, Teacher_ID INT, Grade INT, PRIMARY KEY (Course_ID, Teacher_ID, Grade));
CREATE TABLE Ref_Template_Types (Template_Type_Code CHAR(15) NOT NULL, Template_Type_Description VARCHAR(255) NOT NULL, PRIMARY KEY (Template_Type_Code));
CREATE TABLE Templates (Template_ID INTEGER NOT NULL, Version_Number INTEGER NOT NULL, Template_Type_Code CHAR(15) NOT NULL, Date_Effective_From DATETIME, Details VARCHAR(255), PRIMARY KEY (Template_ID), FOREIGN KEY (Template_Type_Code) REFERENCES Ref_Template_Types (Template_Type_Code));
CREATE TABLE Documents (Document_ID INTEGER NOT NULL, Template_ID INTEGER, Document_Name VARCHAR(255), Document_Description VARCHAR(255), PRIMARY KEY (Document_ID), FOREIGN KEY (Template_ID) REFERENCES Templates (Template_ID));
INSERT INTO Student VALUES (1001,'Smith','Linda',18,'F',600,1121,'BAL'),(1002,'Kim','Tracy',19,'F',600,7712,'HKG'),(1003,'Jones','Shiela',21,'F',600,7792,'WAS'),(1004,'Kumar','Dinesh',20,'M',600,8423,'CHI'),(1005,'Gompers','Paul',26,'M',600,1121,'YYZ'),(1006,'Schultz','Andy',18,'M',600,1148,'BAL'),(1007,'Apap','Lisa',18,'F',520,8918,'PIT'),(1008,'Nelson','Jandy',20,'F',600,9172,'BAL'),(1009,'Tai','Eric',19,'M',550,2192,'YYZ'),(1010,'Lee','Derek',17,'M',550,2192,'HOU'),(1011,'Smith','David',22,'M',520,8918,'DET');
INSERT INTO Has_Pet VALUES (1001,2001),(1002,2002),(1002,2003),(1005,2004),(1001,2005),(1011,2006);
INSERT INTO Pets VALUES (2001,'cat',3,12.0),(2002,'dog',2,13.4),(2003,'dog',1,9.3),(2004,'cat',2,9.3),(2005,'dog',6,12.0),(2006,'bird',4,0.3);
INSERT INTO Teacher VALUES (1,'Joseph Huts','32','Blackrod Urban'),(2,'Gustaaf Deloor','29','Bolton County'),(3,'Vicente Carr','26','Farnworth'),(4,'John Deloor','33','Horwich'),(5,'Kearsley Brown','45','Kearsley'),(6,'Anne Walker','41','Little Lever'),(7,'Lucy Wong','9','Farnworth');
INSERT INTO Course VALUES (1,'5 May','Language Arts'),(2,'6 May','Math'),(3,'7 May','Science'),(4,'9 May','History'),(5,'10 May','Bible'),(6,'11 May','Math');
INSERT INTO Course_Arrange VALUES (2,5,1),(2,3,3),(3,2,5),(4,6,7),(5,6,1),(1,3,3),(10,4,4),(6,3,2);
INSERT INTO Ref_Template_Types VALUES ('PPT','Presentation'),('CV','CV'),('AD','Advertisement'),('PP','Paper'),('BK','Book');
INSERT INTO Templates VALUES (0,5,'PP','2005-11-12 07:09:48',''),(1,9,'PP','2010-09-24 01:15:11',''),(4,4,'BK','2008-03-08 04:14:04',''),(6,2,'PPT','2000-02-10 20:19:58',''),(7,8,'PPT','1999-12-30 21:08:01',''),(9,2,'BK','2011-11-15 07:36:44',''),(10,1,'BK','1988-09-25 20:25:20',''),(11,8,'CV','2015-01-01 10:00:00','');
INSERT INTO Documents VALUES (0,7,'Introduction of OS','n'),(1,25,'Understanding DB','y'),(3,6,'Summer Show','u'),(76,10,'Robbin CV','y'),(80,4,'Welcome to NY','h'),(82,11,'Data base','w'),(801,4,'How to write a CV','w'),(25051,10,'Palm reading',NULL),(25052,7,'Data base','n');
-- gold
SELECT T1.Fname, T1.Age FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog' AND T1.StuID NOT IN (SELECT T1.StuID FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat')
-- wrong
SELECT T1.Fname, T1.Age FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog' AND T3.PetType != 'cat'
-- wrong
SELECT T1.Fname, T1.Age FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog' EXCEPT SELECT T1.Fname, T1.Age FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat'
-- wrong
SELECT Fname, Age FROM Student WHERE StuID IN (SELECT T2.StuID FROM Has_Pet AS T2 JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog') AND StuID NOT IN (SELECT T2.StuID FROM Has_Pet AS T2 JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat')
-- wrong
SELECT T1.Fname, T1.Age FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog'
-- wrong
SELECT T1.LName, T1.Age FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog' AND T1.StuID NOT IN (SELECT T1.StuID FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat')
-- right
SELECT T1.Fname, T1.Age FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog' AND T1.StuID NOT IN (SELECT T2.StuID FROM Has_Pet AS T2 JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat')
-- gold
SELECT DISTINCT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat' OR T3.PetType = 'dog'
-- right
SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType IN ('cat', 'dog')
-- wrong
SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID
-- wrong
SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat' UNION SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog'
-- wrong
SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat' INTERSECT SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'dog'
-- wrong
SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.PetID WHERE T3.PetType = 'cat' OR 'dog'
-- wrong
SELECT T1.Fname FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T3.PetID = T2.StuID WHERE T3.PetType = 'cat' OR T3.PetType = 'dog'
-- gold
SELECT avg(pet_age), max(pet_age), PetType FROM Pets GROUP BY PetType
-- right
SELECT PetType, avg(pet_age), max(pet_age) FROM Pets GROUP BY PetType
-- wrong
SELECT avg(weight), max(pet_age), PetType FROM Pets GROUP BY PetType
-- wrong
SELECT avg(pet_age), max(pet_age) FROM Pets GROUP BY PetType
-- wrong
SELECT avg(pet_age), min(pet_age), PetType FROM Pets GROUP BY PetType
-- wrong
SELECT sum(pet_age) / count(*), max(pet_age), PetType FROM Pets GROUP BY PetType
-- wrong
SELECT avg(T1.pet_age), max(T1.pet_age), T1.PetType FROM Pets AS T1 JOIN Has_Pet AS T2 ON T1.PetID = T2.PetID GROUP BY T1.PetType
-- gold
SELECT weight FROM Pets ORDER BY pet_age LIMIT 1
-- wrong
SELECT weight FROM Pets WHERE pet_age = (SELECT min(pet_age) FROM Pets)
-- wrong
SELECT min(weight) FROM Pets
-- wrong
SELECT weight FROM Pets ORDER BY weight LIMIT 1
-- wrong
SELECT weight FROM Pets ORDER BY pet_age DESC LIMIT 1
-- right
SELECT weight FROM Pets ORDER BY pet_age ASC LIMIT 1
-- wrong
SELECT weight, min(pet_age) FROM Pets
-- wrong
SELECT weight FROM Pets WHERE PetType = 'dog' ORDER BY pet_age LIMIT 1
-- gold
SELECT count(*) FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID WHERE T1.Age > 20
-- right
SELECT count(*) FROM Has_Pet AS T1 JOIN Student AS T2 ON T1.StuID = T2.StuID WHERE T2.Age > 20
-- wrong
SELECT count(DISTINCT T2.StuID) FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID WHERE T1.Age >= 20
-- wrong
SELECT count(*) FROM Student WHERE Age > 20
-- wrong
SELECT count(*) FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T2.PetID = T3.PetID WHERE T3.pet_age > 20
-- wrong
SELECT count(*) FROM Student WHERE Age > 20 AND StuID IN (SELECT StuID FROM Has_Pet)
-- right
SELECT count(*) FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID JOIN Pets AS T3 ON T2.PetID = T3.PetID WHERE T1.Age > 20
-- wrong
SELECT count(*) FROM Student AS T1 LEFT JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID WHERE T1.Age > 20
-- gold
SELECT Name FROM Teacher ORDER BY Age ASC
-- right
SELECT T1.Name FROM Teacher AS T1 ORDER BY T1.Age
-- wrong
SELECT Name FROM Teacher ORDER BY CAST(Age AS INT) ASC
-- wrong
SELECT Name FROM Teacher ORDER BY Age DESC
-- wrong
SELECT Name FROM Teacher ORDER BY Name
-- wrong
SELECT Name, Age FROM Teacher ORDER BY Age ASC
-- wrong
SELECT Hometown FROM Teacher ORDER BY Age ASC
-- gold
SELECT Name FROM Teacher WHERE Age = 32 OR Age = 33
-- right
SELECT Name FROM Teacher WHERE Age IN ('32', '33')
-- right
SELECT Name FROM Teacher WHERE Age IN (32, 33)
-- wrong
SELECT Name FROM Teacher WHERE Age = 32 AND Age = 33
-- wrong
SELECT Name FROM Teacher WHERE Age BETWEEN 32 AND 33
-- wrong
SELECT Name FROM Teacher WHERE Age = 32
-- wrong
SELECT Name FROM Teacher WHERE Age = "32" UNION SELECT Name FROM Teacher WHERE Age = "33"
-- wrong
SELECT Hometown FROM Teacher WHERE Age = 32 OR Age = 33
-- gold
SELECT Hometown FROM Teacher ORDER BY Age ASC LIMIT 1
-- wrong
SELECT Hometown FROM Teacher WHERE Age = (SELECT min(Age) FROM Teacher)
-- wrong
SELECT Hometown FROM Teacher ORDER BY Age DESC LIMIT 1
-- wrong
SELECT Hometown FROM Teacher GROUP BY Hometown ORDER BY count(*) ASC LIMIT 1
-- wrong
SELECT Name FROM Teacher ORDER BY Age ASC LIMIT 1
-- wrong
SELECT Hometown FROM Teacher ORDER BY CAST(Age AS INTEGER) LIMIT 1
-- right
SELECT Hometown FROM Teacher ORDER BY Age LIMIT 1
-- gold
SELECT T3.Name, T2.Course FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID
-- right
SELECT T2.Course, T1.Name FROM Teacher AS T1 JOIN Course_Arrange AS T3 ON T1.Teacher_ID = T3.Teacher_ID JOIN Course AS T2 ON T3.Course_ID = T2.Course_ID
-- wrong
SELECT T3.Name, T2.Course FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Teacher_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID
-- wrong
SELECT T3.Name, T2.Course FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Grade = T3.Teacher_ID
-- wrong
SELECT T3.Name, T2.Course FROM Course_Arrange AS T1 LEFT JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID
-- wrong
SELECT T3.Name, T2.Course FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID GROUP BY T3.Name
-- wrong
SELECT T3.Name, T2.Course FROM Teacher AS T3 JOIN Course AS T2 ON T3.Teacher_ID = T2.Course_ID
-- gold
SELECT T3.Name FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID WHERE T2.Course = "Math"
-- wrong
SELECT Name FROM Teacher WHERE Teacher_ID IN (SELECT T1.Teacher_ID FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID WHERE T2.Course = "Math")
-- wrong
SELECT T3.Name FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID WHERE T2.Course = "math"
-- wrong
SELECT T3.Name FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID WHERE T2.Course LIKE "%Math%"
-- wrong
SELECT T3.Name FROM Course_Arrange AS T1 JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID WHERE T1.Course_ID = (SELECT Course_ID FROM Course WHERE Course = "Math")
-- wrong
SELECT T3.Name FROM Course AS T2 JOIN Teacher AS T3 ON T2.Course_ID = T3.Teacher_ID WHERE T2.Course = "Math"
-- wrong
SELECT T3.Hometown FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID WHERE T2.Course = "Math"
-- gold
SELECT T2.Name FROM Course_Arrange AS T1 JOIN Teacher AS T2 ON T1.Teacher_ID = T2.Teacher_ID GROUP BY T2.Name HAVING count(*) >= 2
-- wrong
SELECT T2.Name FROM Course_Arrange AS T1 JOIN Teacher AS T2 ON T1.Teacher_ID = T2.Teacher_ID GROUP BY T1.Teacher_ID HAVING count(*) >= 2
-- wrong
SELECT T2.Name FROM Course_Arrange AS T1 JOIN Teacher AS T2 ON T1.Teacher_ID = T2.Teacher_ID GROUP BY T2.Name HAVING count(*) > 2
-- right
SELECT T2.Name FROM Course_Arrange AS T1 JOIN Teacher AS T2 ON T1.Teacher_ID = T2.Teacher_ID GROUP BY T2.Name HAVING count(DISTINCT T1.Course_ID) >= 2
-- wrong
SELECT T3.Name FROM Course_Arrange AS T1 JOIN Course AS T2 ON T1.Course_ID = T2.Course_ID JOIN Teacher AS T3 ON T1.Teacher_ID = T3.Teacher_ID GROUP BY T3.Name HAVING count(*) >= 2
-- wrong
SELECT T2.Name FROM Course_Arrange AS T1 JOIN Teacher AS T2 ON T1.Course_ID = T2.Teacher_ID GROUP BY T2.Name HAVING count(*) >= 2
-- wrong
SELECT Name FROM Teacher GROUP BY Name HAVING count(*) >= 2
-- gold
SELECT Name FROM Teacher WHERE Teacher_ID NOT IN (SELECT Teacher_ID FROM Course_Arrange)
-- right
SELECT T1.Name FROM Teacher AS T1 LEFT JOIN Course_Arrange AS T2 ON T1.Teacher_ID = T2.Teacher_ID WHERE T2.Teacher_ID IS NULL
-- wrong
SELECT Name FROM Teacher EXCEPT SELECT T2.Name FROM Course_Arrange AS T1 JOIN Teacher AS T2 ON T1.Teacher_ID = T2.Teacher_ID
-- wrong
SELECT Name FROM Teacher WHERE Teacher_ID NOT IN (SELECT Course_ID FROM Course_Arrange)
-- wrong
SELECT Name FROM Teacher WHERE Teacher_ID IN (SELECT Teacher_ID FROM Course_Arrange)
-- wrong
SELECT Hometown FROM Teacher WHERE Teacher_ID NOT IN (SELECT Teacher_ID FROM Course_Arrange)
-- gold
SELECT Template_Type_Code FROM Templates GROUP BY Template_Type_Code ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Template_Type_Code FROM Templates AS T1 JOIN Documents AS T2 ON T1.Template_ID = T2.Template_ID GROUP BY T1.Template_Type_Code ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T2.Template_Type_Code FROM Ref_Template_Types AS T1 JOIN Templates AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code GROUP BY T2.Template_Type_Code ORDER BY count(*) DESC LIMIT 1
-- right
SELECT Template_Type_Code FROM Templates GROUP BY Template_Type_Code ORDER BY count(Template_ID) DESC LIMIT 1
-- wrong
SELECT Template_Type_Code FROM Templates GROUP BY Template_ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Template_Type_Description FROM Ref_Template_Types AS T1 JOIN Templates AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code GROUP BY T1.Template_Type_Code ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Template_Type_Code FROM Templates ORDER BY Version_Number DESC LIMIT 1
-- gold
SELECT Template_ID, count(*) FROM Documents GROUP BY Template_ID
-- wrong
SELECT T1.Template_ID, count(*) FROM Templates AS T1 JOIN Documents AS T2 ON T1.Template_ID = T2.Template_ID GROUP BY T1.Template_ID
-- wrong
SELECT T1.Template_ID, count(*) FROM Templates AS T1 LEFT JOIN Documents AS T2 ON T1.Template_ID = T2.Template_ID GROUP BY T1.Template_ID
-- right
SELECT Template_ID, count(DISTINCT Document_Name) FROM Documents GROUP BY Template_ID
-- wrong
SELECT count(*) FROM Documents GROUP BY Template_ID
-- wrong
SELECT Document_ID, count(*) FROM Documents GROUP BY Document_ID
-- right
SELECT count(Document_ID), Template_ID FROM Documents GROUP BY Template_ID
-- gold
SELECT Template_ID FROM Templates EXCEPT SELECT Template_ID FROM Documents
-- right
SELECT T1.Template_ID FROM Templates AS T1 WHERE NOT EXISTS (SELECT * FROM Documents AS T2 WHERE T2.Template_ID = T1.Template_ID)
-- right
SELECT Template_ID FROM Templates WHERE Template_ID NOT IN (SELECT Template_ID FROM Documents)
-- wrong
SELECT Template_ID FROM Templates WHERE Template_ID NOT IN (SELECT Document_ID FROM Documents)
-- wrong
SELECT Template_Type_Code FROM Templates EXCEPT SELECT T1.Template_Type_Code FROM Templates AS T1 JOIN Documents AS T2 ON T1.Template_ID = T2.Template_ID
-- wrong
SELECT Template_ID FROM Documents EXCEPT SELECT Template_ID FROM Templates
-- wrong
SELECT Template_ID FROM Templates
-- gold
SELECT T1.Template_Type_Code, T2.Template_Type_Description FROM Templates AS T1 JOIN Ref_Template_Types AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code WHERE T1.Version_Number > 4 AND T1.Date_Effective_From LIKE '2005%'
-- wrong
SELECT T1.Template_Type_Code, T2.Template_Type_Description FROM Templates AS T1 JOIN Ref_Template_Types AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code WHERE T1.Version_Number >= 4 AND T1.Date_Effective_From LIKE '2005%'
-- wrong
SELECT T1.Template_Type_Code, T2.Template_Type_Description FROM Templates AS T1 JOIN Ref_Template_Types AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code WHERE T1.Version_Number > 4
-- wrong
SELECT T1.Template_Type_Code, T2.Template_Type_Description FROM Templates AS T1 JOIN Ref_Template_Types AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code WHERE T1.Version_Number > 4 AND T1.Date_Effective_From LIKE '%2005%'
-- wrong
SELECT T1.Template_Type_Code, T2.Template_Type_Description FROM Templates AS T1 JOIN Ref_Template_Types AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code WHERE T1.Version_Number > 4 AND T1.Date_Effective_From = '2005'
-- wrong
SELECT T1.Template_ID, T2.Template_Type_Description FROM Templates AS T1 JOIN Ref_Template_Types AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code WHERE T1.Version_Number > 4 AND T1.Date_Effective_From LIKE '2005%'
-- right
SELECT T2.Template_Type_Description, T2.Template_Type_Code FROM Templates AS T1 JOIN Ref_Template_Types AS T2 ON T1.Template_Type_Code = T2.Template_Type_Code WHERE T1.Version_Number > 4 AND T1.Date_Effective_From LIKE '2005%'
