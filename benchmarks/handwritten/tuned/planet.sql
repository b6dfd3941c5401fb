-- context
CREATE TABLE `realm` (`Code` char(3) NOT NULL DEFAULT '', `Name` char(52) NOT NULL DEFAULT '', `Continent` text NOT NULL DEFAULT 'Asia', `Region` char(26) NOT NULL DEFAULT '', `SurfaceArea` float(10,2) NOT NULL DEFAULT '0.00', `IndepYear` integer DEFAULT NULL, `Population` integer NOT NULL DEFAULT '0', `LifeExpectancy` float(3,1) DEFAULT NULL, `GNP` float(10,2) DEFAULT NULL, `GovernmentForm` char(45) NOT NULL DEFAULT '', `Capital` integer DEFAULT NULL, PRIMARY KEY (`Code`));
CREATE TABLE `town` (`ID` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `Name` char(35) NOT NULL DEFAULT '', `CountryCode` char(3) NOT NULL DEFAULT '', `District` char(20) NOT NULL DEFAULT '', `Population` integer NOT NULL DEFAULT '0', CONSTRAINT `town_fk` FOREIGN KEY (`CountryCode`) REFERENCES `realm` (`Code`));
CREATE TABLE `realmlanguage` (`CountryCode` char(3) NOT NULL DEFAULT '', `Language` char(30) NOT NULL DEFAULT '', `IsOfficial` text NOT NULL DEFAULT 'F', `Percentage` float(4,1) NOT NULL DEFAULT '0.0', PRIMARY KEY (`CountryCode`,`Language`), CONSTRAINT `lang_fk` FOREIGN KEY (`CountryCode`) REFERENCES `realm` (`Code`));
INSERT INTO realm VALUES ('AVA','Avalia','Europe','Western Europe',83871.0,1918,8091800,77.7,211860.0,'Republic',1),('BRU','Bruma','Asia','Southeast Asia',5765.0,1984,328000,73.6,11705.0,'Monarchy (Sultanate)',2),('CAS','Castor','Africa','Central Africa',199500.0,NULL,3883000,46.9,NULL,'Republic',3),('DEL','Delmar','Europe','Nordic Countries',43094.0,800,5330000,76.5,174099.0,'Constitutional Monarchy',4),('ENN','Ennor','North America','Caribbean',193.0,NULL,103000,NULL,828.0,'Nonmetropolitan Territory',NULL),('FAL','Faleria','Africa','Eastern Africa',1104300.0,-1000,62565000,45.2,6353.0,'Republic',5),('GOR','Goria','Asia','Eastern Asia',9572900.0,1949,127755800,71.4,982268.0,'Republic',6),('HAL','Haland','Europe','Nordic Countries',338145.0,1917,5171300,77.4,121914.0,'Republic',7),('IVE','Iveria','Asia','Middle East',69700.0,1991,4968000,64.5,6064.0,'Republic',8),('JUN','Junia','North America','Caribbean',10990.0,1962,2583000,75.2,6871.0,'Constitutional Monarchy',NULL);
INSERT INTO town VALUES (1,'Viena','AVA','Wien',1608144),(2,'Bandar','BRU','Mara',21484),(3,'Bangu','CAS','Bangu',524000),(4,'Kobel','DEL','Sound',495699),(5,'Addis','FAL','Addis',2495000),(6,'Pekin','GOR','Pekin',7472000),(7,'Helsk','HAL','Newland',555474),(8,'Tiflo','IVE','Tiflo',1235200),(9,'Graz','AVA','Styria',240967),(10,'Aros','DEL','Aros',284846),(11,'Shang','GOR','Shang',9696300),(12,'Tampa','HAL','Pirk',195468),(13,'Kings','JUN','Surry',103962),(14,'Chong','GOR','Chong',6351600),(15,'Gondar','FAL','Amara',112249);
INSERT INTO realmlanguage VALUES ('AVA','German','T',92.0),('AVA','Turkish','F',1.5),('BRU','Malay','T',45.5),('BRU','English','F',3.1),('CAS','Sango','T',23.8),('DEL','Danish','T',93.5),('DEL','English','F',0.3),('ENN','English','T',0.0),('FAL','Amharic','F',30.0),('FAL','Oromo','F',31.0),('GOR','Chinese','T',92.0),('HAL','Finnish','T',92.7),('HAL','Swedish','T',5.7),('IVE','Georgian','T',71.7),('IVE','Russian','F',8.8),('JUN','English','T',1.9),('JUN','Creole','F',94.1);
-- gold
SELECT Name FROM realm WHERE Continent = "Europe" AND Population > (SELECT max(Population) FROM realm WHERE Continent = "Africa")
-- wrong
SELECT Name FROM realm WHERE Continent = "Europe" AND Population > (SELECT min(Population) FROM realm WHERE Continent = "Africa")
-- wrong
SELECT Name FROM realm WHERE Population > (SELECT max(Population) FROM realm WHERE Continent = "Africa")
-- wrong
SELECT Name FROM realm WHERE Continent = "Europe" AND Population > (SELECT max(Population) FROM realm WHERE Continent = "Europe")
-- wrong
SELECT Name FROM realm WHERE Continent = "Europe" AND Population >= (SELECT max(Population) FROM realm WHERE Continent = "Africa")
-- wrong
SELECT Name FROM realm WHERE Continent = "Europe" AND Population > (SELECT Population FROM realm WHERE Continent = "Africa")
-- wrong
SELECT Name FROM realm WHERE Continent = "Europe" AND Population > (SELECT avg(Population) FROM realm WHERE Continent = "Africa")
-- right
SELECT Name FROM realm WHERE Continent = "Europe" AND Population > (SELECT Population FROM realm WHERE Continent = "Africa" ORDER BY Population DESC LIMIT 1)
-- gold
SELECT sum(SurfaceArea) FROM realm WHERE Region = "Caribbean"
-- right
SELECT SUM(T1.SurfaceArea) FROM realm AS T1 WHERE T1.Region = 'Caribbean'
-- wrong
SELECT avg(SurfaceArea) FROM realm WHERE Region = "Caribbean"
-- wrong
SELECT sum(SurfaceArea) FROM realm WHERE Continent = "Caribbean"
-- wrong
SELECT sum(Population) FROM realm WHERE Region = "Caribbean"
-- wrong
SELECT sum(SurfaceArea) FROM realm WHERE Region = "caribbean"
-- wrong
SELECT sum(SurfaceArea) FROM realm WHERE Region LIKE "%Caribbean%"
-- wrong
SELECT count(SurfaceArea) FROM realm WHERE Region = "Caribbean"
-- gold
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "English" AND T2.IsOfficial = "T" UNION SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "Danish" AND T2.IsOfficial = "T"
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "English" AND T2.IsOfficial = "T" OR T2.Language = "Danish"
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.IsOfficial = "T" AND (T2.Language = "English" OR T2.Language = "Danish")
-- wrong
SELECT DISTINCT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language IN ("English", "Danish") AND T2.IsOfficial = "T"
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "English" UNION SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "Danish"
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "English" AND T2.IsOfficial = "T" INTERSECT SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "Danish" AND T2.IsOfficial = "T"
-- right
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "Danish" AND T2.IsOfficial = "T" UNION SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "English" AND T2.IsOfficial = "T"
-- gold
SELECT DISTINCT T3.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode JOIN town AS T3 ON T1.Code = T3.CountryCode WHERE T2.IsOfficial = 'T' AND T2.Language = 'Chinese' AND T1.Continent = "Asia"
-- right
SELECT T2.Name FROM realm AS T1 JOIN town AS T2 ON T1.Code = T2.CountryCode JOIN realmlanguage AS T3 ON T1.Code = T3.CountryCode WHERE T1.Continent = 'Asia' AND T3.Language = 'Chinese' AND T3.IsOfficial = 'T'
-- wrong
SELECT DISTINCT T3.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode JOIN town AS T3 ON T1.Code = T3.CountryCode WHERE T2.Language = 'Chinese' AND T1.Continent = "Asia"
-- wrong
SELECT DISTINCT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode JOIN town AS T3 ON T1.Code = T3.CountryCode WHERE T2.IsOfficial = 'T' AND T2.Language = 'Chinese' AND T1.Continent = "Asia"
-- wrong
SELECT DISTINCT T3.Name FROM realmlanguage AS T2 JOIN town AS T3 ON T2.CountryCode = T3.CountryCode WHERE T2.IsOfficial = 'T' AND T2.Language = 'Chinese'
-- wrong
SELECT DISTINCT T3.District FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode JOIN town AS T3 ON T1.Code = T3.CountryCode WHERE T2.IsOfficial = 'T' AND T2.Language = 'Chinese' AND T1.Continent = "Asia"
-- right
SELECT Name FROM town WHERE CountryCode IN (SELECT T1.Code FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.IsOfficial = 'T' AND T2.Language = 'Chinese' AND T1.Continent = "Asia")
-- wrong
SELECT T3.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode JOIN town AS T3 ON T1.Capital = T3.ID WHERE T2.IsOfficial = 'T' AND T2.Language = 'Chinese' AND T1.Continent = "Asia"
-- gold
SELECT count(*), District FROM town WHERE Population > (SELECT avg(Population) FROM town) GROUP BY District
-- wrong
SELECT count(*), District FROM town WHERE Population >= (SELECT avg(Population) FROM town) GROUP BY District
-- wrong
SELECT count(*), District FROM town GROUP BY District HAVING avg(Population) > (SELECT avg(Population) FROM town)
-- right
SELECT District, count(*) FROM town WHERE Population > (SELECT avg(Population) FROM town) GROUP BY District
-- wrong
SELECT count(*), CountryCode FROM town WHERE Population > (SELECT avg(Population) FROM town) GROUP BY CountryCode
-- wrong
SELECT count(*), District FROM town GROUP BY District
-- wrong
SELECT sum(Population), District FROM town WHERE Population > (SELECT avg(Population) FROM town) GROUP BY District
-- wrong
SELECT count(*), District FROM town WHERE Population > (SELECT avg(Population) FROM realm) GROUP BY District
-- gold
SELECT sum(Population), GovernmentForm FROM realm GROUP BY GovernmentForm HAVING avg(LifeExpectancy) > 72
-- wrong
SELECT sum(Population), GovernmentForm FROM realm WHERE LifeExpectancy > 72 GROUP BY GovernmentForm
-- wrong
SELECT sum(Population), GovernmentForm FROM realm GROUP BY GovernmentForm HAVING avg(LifeExpectancy) >= 72
-- wrong
SELECT sum(Population), GovernmentForm FROM realm GROUP BY GovernmentForm HAVING max(LifeExpectancy) > 72
-- wrong
SELECT GovernmentForm, avg(Population) FROM realm GROUP BY GovernmentForm HAVING avg(LifeExpectancy) > 72
-- wrong
SELECT sum(Population), GovernmentForm FROM realm GROUP BY GovernmentForm
-- wrong
SELECT sum(Population), GovernmentForm FROM realm GROUP BY GovernmentForm HAVING LifeExpectancy > 72
-- gold
SELECT Name FROM realm EXCEPT SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "English"
-- wrong
SELECT Name FROM realm WHERE Code NOT IN (SELECT CountryCode FROM realmlanguage WHERE Language = "English")
-- wrong
SELECT DISTINCT Name FROM realm WHERE Code NOT IN (SELECT CountryCode FROM realmlanguage WHERE Language = "English")
-- wrong
SELECT DISTINCT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language != "English"
-- wrong
SELECT Name FROM realm EXCEPT SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T2.Language = "English" AND T2.IsOfficial = "T"
-- wrong
SELECT Code FROM realm EXCEPT SELECT CountryCode FROM realmlanguage WHERE Language = "English"
-- right
SELECT Name FROM realm EXCEPT SELECT T2.Name FROM realmlanguage AS T1 JOIN realm AS T2 ON T2.Code = T1.CountryCode WHERE T1.Language = 'English'
-- gold
SELECT Code FROM realm WHERE GovernmentForm != "Republic" EXCEPT SELECT CountryCode FROM realmlanguage WHERE Language = "English"
-- right
SELECT Code FROM realm WHERE GovernmentForm <> "Republic" AND Code NOT IN (SELECT CountryCode FROM realmlanguage WHERE Language = "English")
-- wrong
SELECT T1.Code FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T1.GovernmentForm != "Republic" AND T2.Language != "English"
-- wrong
SELECT Code FROM realm EXCEPT SELECT CountryCode FROM realmlanguage WHERE Language = "English"
-- wrong
SELECT Code FROM realm WHERE GovernmentForm = "Republic" EXCEPT SELECT CountryCode FROM realmlanguage WHERE Language = "English"
-- wrong
SELECT Code FROM realm WHERE GovernmentForm != "republic" EXCEPT SELECT CountryCode FROM realmlanguage WHERE Language = "English"
-- wrong
SELECT Code FROM realm WHERE GovernmentForm NOT LIKE "%Republic%" EXCEPT SELECT CountryCode FROM realmlanguage WHERE Language = "English"
-- gold
SELECT Language FROM realmlanguage GROUP BY Language ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Language FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode GROUP BY T1.Code ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Language FROM realmlanguage WHERE IsOfficial = "T" GROUP BY Language ORDER BY count(*) DESC LIMIT 1
-- right
SELECT Language FROM realmlanguage GROUP BY Language ORDER BY count(CountryCode) DESC LIMIT 1
-- wrong
SELECT Language FROM realmlanguage ORDER BY Percentage DESC LIMIT 1
-- wrong
SELECT Language, count(*) FROM realmlanguage GROUP BY Language ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Language FROM realmlanguage GROUP BY Language ORDER BY sum(Percentage) DESC LIMIT 1
-- right
SELECT T2.Language FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode GROUP BY T2.Language ORDER BY count(*) DESC LIMIT 1
-- gold
SELECT Continent FROM realm WHERE Name = "Bruma"
-- right
SELECT T1.Continent FROM realm T1 WHERE T1.Name = 'Bruma'
-- wrong
SELECT Region FROM realm WHERE Name = "Bruma"
-- wrong
SELECT Continent FROM realm WHERE Code = "Bruma"
-- wrong
SELECT Continent FROM realm WHERE Name LIKE "%Bruma%"
-- wrong
SELECT Continent FROM realm WHERE Name = "bruma"
-- wrong
SELECT T1.Continent FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode WHERE T1.Name = "Bruma"
-- gold
SELECT Name FROM realm WHERE IndepYear > 1950
-- right
SELECT Name FROM realm WHERE 1950 < IndepYear
-- wrong
SELECT Name FROM realm WHERE IndepYear >= 1950
-- wrong
SELECT Name FROM realm WHERE IndepYear < 1950
-- wrong
SELECT count(*) FROM realm WHERE IndepYear > 1950
-- wrong
SELECT Name FROM realm WHERE IndepYear > 1950 OR IndepYear IS NULL
-- wrong
SELECT Name, IndepYear FROM realm WHERE IndepYear > 1950
-- wrong
SELECT Name FROM realm WHERE NOT IndepYear <= 1951
-- gold
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode GROUP BY T1.Name ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode GROUP BY T1.Code ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode GROUP BY T2.CountryCode ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode GROUP BY T1.Name ORDER BY sum(Percentage) DESC LIMIT 1
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN town AS T2 ON T1.Code = T2.CountryCode GROUP BY T1.Name ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Name FROM realm AS T1 JOIN realmlanguage AS T2 ON T1.Code = T2.CountryCode GROUP BY T1.Name ORDER BY count(*) ASC LIMIT 1
-- wrong
SELECT Language FROM realmlanguage GROUP BY Language ORDER BY count(*) DESC LIMIT 1
-- gold
SELECT Language, CountryCode, max(Percentage) FROM realmlanguage WHERE Language = "English" GROUP BY CountryCode
-- wrong
SELECT Language, CountryCode, max(Percentage) FROM realmlanguage GROUP BY CountryCode
-- right
SELECT Language, CountryCode, Percentage FROM realmlanguage WHERE Language = "English"
-- wrong
SELECT CountryCode, max(Percentage) FROM realmlanguage WHERE Language = "English" GROUP BY CountryCode
-- wrong
SELECT Language, CountryCode, max(Percentage) FROM realmlanguage WHERE Language = "English"
-- wrong
SELECT Language, CountryCode, min(Percentage) FROM realmlanguage WHERE Language = "Malay" GROUP BY CountryCode
-- wrong
SELECT Language, CountryCode, max(Percentage) FROM realmlanguage WHERE Language = "English" AND IsOfficial = "T" GROUP BY CountryCode
