-- context
CREATE TABLE "regions" ("RegId" INTEGER PRIMARY KEY, "Region" TEXT);
CREATE TABLE "nations" ("NationId" INTEGER PRIMARY KEY, "NationName" TEXT, "Region" INTEGER, FOREIGN KEY (Region) REFERENCES regions(RegId));
CREATE TABLE "tractor_makers" ("Id" INTEGER PRIMARY KEY, "Maker" TEXT, "FullName" TEXT, "Nation" TEXT, FOREIGN KEY (Nation) REFERENCES nations(NationId));
CREATE TABLE "model_list" ("ModelId" INTEGER PRIMARY KEY, "Maker" INTEGER, "Model" TEXT UNIQUE, FOREIGN KEY (Maker) REFERENCES tractor_makers(Id));
CREATE TABLE "tractor_names" ("MakeId" INTEGER PRIMARY KEY, "Model" TEXT, "Make" TEXT, FOREIGN KEY (Model) REFERENCES model_list(Model));
CREATE TABLE "tractor_data" ("Id" INTEGER PRIMARY KEY, "Mpg" TEXT, "Cylinders" INTEGER, "Edispl" REAL, "Horsepower" TEXT, "Weight" INTEGER, "Accelerate" REAL, "Year" INTEGER, FOREIGN KEY (Id) REFERENCES tractor_names(MakeId));
INSERT INTO regions VALUES (1,'america'),(2,'europe'),(3,'asia'),(4,'africa'),(5,'australia');
INSERT INTO nations VALUES (1,'usa',1),(2,'germany',2),(3,'france',2),(4,'japan',3),(5,'italy',2),(6,'india',3),(7,'brazil',1),(8,'nigeria',4),(9,'uk',2);
INSERT INTO tractor_makers VALUES (1,'oxen','Oxen Works','1'),(2,'fendler','Fendler AG','2'),(3,'champ','Usines Champ','3'),(4,'kubono','Kubono Corp','4'),(5,'lambre','Lambre Spa','5'),(6,'mahara','Mahara Motors','6'),(7,'prairie','Prairie Motors','1'),(8,'daiku','Daiku Motor','4'),(9,'albion','Albion Plough','9'),(10,'orphan',NULL,NULL);
INSERT INTO model_list VALUES (1,1,'oxen'),(2,7,'prairie'),(3,2,'fendler'),(4,2,'vario'),(5,4,'kubono'),(6,8,'daiku'),(7,5,'lambre'),(8,3,'champ'),(9,1,'bull'),(10,6,'mahara'),(11,7,'bison'),(12,1,'calf');
INSERT INTO tractor_names VALUES (1,'oxen','oxen 5000'),(2,'prairie','prairie skyhawk'),(3,'bull','bull satellite'),(4,'fendler','fendler 99'),(5,'vario','vario turbo'),(6,'kubono','kubono x1'),(7,'daiku','daiku pl510'),(8,'lambre','lambre 124b'),(9,'champ','champ 304'),(10,'oxen','oxen 6000 (sw)'),(11,'bison','bison custom'),(12,'mahara','mahara 2'),(13,'kubono','kubono x2'),(14,'oxen','oxen 5000'),(15,'calf','calf mini');
INSERT INTO tractor_data VALUES (1,'18',8,307.0,'130',3504,12.0,1970),(2,'15',8,350.0,'165',3693,11.5,1970),(3,'18',8,318.0,'150',3436,11.0,1971),(4,'26',4,97.0,'46',1835,20.5,1972),(5,'25',4,110.0,'87',2672,17.5,1974),(6,'31',4,71.0,'65',1773,19.0,1974),(7,'27',4,97.0,'88',2130,14.5,1979),(8,'null',4,133.0,'null',3090,17.5,1976),(9,'21',6,200.0,'85',2587,16.0,1980),(10,'9',8,304.0,'193',4732,18.5,1970),(11,'14',8,455.0,'225',3086,10.0,1970),(12,'33.5',3,85.0,'70',1945,16.8,1977),(13,'35',4,72.0,'69',1613,18.0,1971),(14,'13',8,400.0,'170',4746,12.0,1976),(15,'38',3,70.0,'52',1613,21.0,1980);
-- gold
SELECT T1.Region, count(*) FROM regions AS T1 JOIN nations AS T2 ON T1.RegId = T2.Region GROUP BY T1.Region
-- wrong
SELECT T1.Region, count(*) FROM regions AS T1 JOIN nations AS T2 ON T1.RegId = T2.Region GROUP BY T1.RegId
-- wrong
SELECT T2.Region, count(*) FROM regions AS T1 JOIN nations AS T2 ON T1.RegId = T2.Region GROUP BY T2.Region
-- wrong
SELECT T1.Region, count(*) FROM regions AS T1 LEFT JOIN nations AS T2 ON T1.RegId = T2.Region GROUP BY T1.Region
-- wrong
SELECT T1.Region, count(T1.RegId) FROM regions AS T1 JOIN nations AS T2 ON T1.RegId = T2.NationId GROUP BY T1.Region
-- right
SELECT T2.Region, COUNT(T1.NationId) FROM nations AS T1 JOIN regions AS T2 ON T1.Region = T2.RegId GROUP BY T2.Region
-- wrong
SELECT Region, count(*) FROM nations GROUP BY Region
-- gold
SELECT T1.FullName, T1.Id, count(*) FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker GROUP BY T1.Id
-- right
SELECT T1.Id, T1.FullName, count(*) FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker GROUP BY T2.Maker
-- wrong
SELECT T1.FullName, T1.Id, count(*) FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker GROUP BY T1.FullName
-- wrong
SELECT T1.Maker, T1.Id, count(*) FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker GROUP BY T1.Id
-- wrong
SELECT T1.FullName, T1.Id, count(*) FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.ModelId GROUP BY T1.Id
-- wrong
SELECT T1.FullName, T1.Id, count(*) FROM tractor_makers AS T1 LEFT JOIN model_list AS T2 ON T1.Id = T2.Maker GROUP BY T1.Id
-- right
SELECT T1.FullName, T1.Id, count(DISTINCT T2.Model) FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker GROUP BY T1.Id
-- gold
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id ORDER BY T2.Horsepower ASC LIMIT 1
-- wrong
SELECT T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id ORDER BY T2.Horsepower ASC LIMIT 1
-- wrong
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Horsepower = (SELECT min(Horsepower) FROM tractor_data)
-- wrong
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id ORDER BY CAST(T2.Horsepower AS INTEGER) ASC LIMIT 1
-- wrong
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id ORDER BY T2.Horsepower DESC LIMIT 1
-- right
SELECT T3.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id JOIN model_list AS T3 ON T1.Model = T3.Model ORDER BY T2.Horsepower ASC LIMIT 1
-- right
SELECT T2.Model FROM tractor_data AS T1 JOIN tractor_names AS T2 ON T1.Id = T2.MakeId ORDER BY T1.Horsepower LIMIT 1
-- wrong
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id ORDER BY T2.Weight ASC LIMIT 1
-- gold
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Weight < (SELECT avg(Weight) FROM tractor_data)
-- right
SELECT T2.Model FROM tractor_data AS T1 JOIN tractor_names AS T2 ON T1.Id = T2.MakeId WHERE T1.Weight < (SELECT AVG(Weight) FROM tractor_data)
-- wrong
SELECT Model FROM tractor_names WHERE MakeId IN (SELECT Id FROM tractor_data WHERE Weight <= (SELECT avg(Weight) FROM tractor_data))
-- wrong
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Weight > (SELECT avg(Weight) FROM tractor_data)
-- wrong
SELECT T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Weight < (SELECT max(Weight) FROM tractor_data)
-- wrong
SELECT T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Weight < (SELECT avg(Weight) FROM tractor_data)
-- wrong
SELECT T1.Model FROM model_list AS T1 JOIN tractor_data AS T2 ON T1.ModelId = T2.Id WHERE T2.Weight < (SELECT avg(Weight) FROM tractor_data)
-- right
SELECT Model FROM tractor_names WHERE MakeId IN (SELECT Id FROM tractor_data WHERE Weight < (SELECT avg(Weight) FROM tractor_data))
-- gold
SELECT DISTINCT T1.Maker FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker JOIN tractor_names AS T3 ON T2.Model = T3.Model JOIN tractor_data AS T4 ON T3.MakeId = T4.Id WHERE T4.Year = '1970'
-- right
SELECT T1.Maker FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker JOIN tractor_names AS T3 ON T2.Model = T3.Model JOIN tractor_data AS T4 ON T3.MakeId = T4.Id WHERE T4.Year = 1970
-- wrong
SELECT DISTINCT T1.Maker FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker JOIN tractor_names AS T3 ON T2.ModelId = T3.MakeId JOIN tractor_data AS T4 ON T3.MakeId = T4.Id WHERE T4.Year = 1970
-- wrong
SELECT DISTINCT T1.FullName FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker JOIN tractor_names AS T3 ON T2.Model = T3.Model JOIN tractor_data AS T4 ON T3.MakeId = T4.Id WHERE T4.Year = 1970
-- wrong
SELECT DISTINCT T2.Maker FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker JOIN tractor_names AS T3 ON T2.Model = T3.Model JOIN tractor_data AS T4 ON T3.MakeId = T4.Id WHERE T4.Year = 1970
-- wrong
SELECT Maker FROM tractor_makers WHERE Id IN (SELECT T2.Maker FROM model_list AS T2 JOIN tractor_names AS T3 ON T2.Model = T3.Model JOIN tractor_data AS T4 ON T3.MakeId = T4.Id WHERE T4.Year = 1970)
-- wrong
SELECT T1.Maker FROM tractor_makers AS T1 JOIN model_list AS T2 ON T1.Id = T2.Maker JOIN tractor_names AS T3 ON T2.Model = T3.Model JOIN tractor_data AS T4 ON T3.MakeId = T4.Id WHERE T4.Year >= 1970
-- gold
SELECT count(*) FROM tractor_data WHERE Cylinders > 6
-- right
SELECT count(Id) FROM tractor_data WHERE Cylinders > 6
-- wrong
SELECT count(*) FROM tractor_data WHERE Cylinders >= 6
-- wrong
SELECT count(Horsepower) FROM tractor_data WHERE Cylinders > 4
-- wrong
SELECT count(*) FROM tractor_data WHERE Cylinders = 6
-- wrong
SELECT count(Cylinders) FROM tractor_data
-- right
SELECT count(*) FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Cylinders > 6
-- wrong
SELECT sum(Cylinders) FROM tractor_data WHERE Cylinders > 6
-- gold
SELECT T1.NationName FROM nations AS T1 JOIN regions AS T2 ON T1.Region = T2.RegId JOIN tractor_makers AS T3 ON T1.NationId = T3.Nation WHERE T2.Region = 'europe' GROUP BY T1.NationName HAVING count(*) >= 2
-- wrong
SELECT T1.NationName FROM nations AS T1 JOIN regions AS T2 ON T1.Region = T2.RegId JOIN tractor_makers AS T3 ON T1.NationId = T3.Nation WHERE T2.Region = 'europe' GROUP BY T1.NationName HAVING count(*) > 2
-- wrong
SELECT T1.NationName FROM nations AS T1 JOIN regions AS T2 ON T1.Region = T2.RegId JOIN tractor_makers AS T3 ON T1.NationId = T3.Nation WHERE T2.Region = 'Europe' GROUP BY T1.NationName HAVING count(*) >= 2
-- wrong
SELECT T1.NationName FROM nations AS T1 JOIN regions AS T2 ON T1.Region = T2.RegId JOIN tractor_makers AS T3 ON T1.NationId = T3.Nation WHERE T2.Region = 'europe' GROUP BY T1.NationId HAVING count(*) >= 2
-- wrong
SELECT T1.NationName FROM nations AS T1 JOIN regions AS T2 ON T1.Region = T2.RegId JOIN tractor_makers AS T3 ON T1.NationId = T3.Id WHERE T2.Region = 'europe' GROUP BY T1.NationName HAVING count(*) >= 2
-- wrong
SELECT T1.NationName FROM nations AS T1 JOIN regions AS T2 ON T1.Region = T2.RegId WHERE T2.Region = 'europe' GROUP BY T1.NationName HAVING count(*) >= 2
-- wrong
SELECT T1.NationName FROM nations AS T1 JOIN tractor_makers AS T3 ON T1.NationId = T3.Nation GROUP BY T1.NationName HAVING count(*) >= 2
-- gold
SELECT T2.Horsepower, T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Cylinders = 3 ORDER BY T2.Horsepower DESC LIMIT 1
-- wrong
SELECT max(T2.Horsepower), T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Cylinders = 3
-- wrong
SELECT T2.Horsepower, T1.Model FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Cylinders = 3 ORDER BY T2.Horsepower DESC LIMIT 1
-- wrong
SELECT T2.Horsepower, T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id ORDER BY T2.Horsepower DESC LIMIT 1
-- wrong
SELECT T2.Horsepower, T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Cylinders = 3 ORDER BY T2.Horsepower LIMIT 1
-- wrong
SELECT T2.Horsepower, T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Horsepower = (SELECT max(Horsepower) FROM tractor_data WHERE Cylinders = 3) AND T2.Cylinders = 3
-- wrong
SELECT T2.Horsepower, T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Cylinders = 3 ORDER BY CAST(T2.Horsepower AS INT) DESC LIMIT 1
-- wrong
SELECT T2.Horsepower, T1.Make FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T2.Cylinders <= 3 ORDER BY T2.Horsepower DESC LIMIT 1
-- gold
SELECT DISTINCT Year FROM tractor_data WHERE Weight BETWEEN 3000 AND 4000
-- right
SELECT Year FROM tractor_data WHERE Weight >= 3000 AND Weight <= 4000
-- wrong
SELECT DISTINCT Year FROM tractor_data WHERE Weight > 3000 AND Weight < 4000
-- wrong
SELECT DISTINCT Year FROM tractor_data WHERE Weight > 3000
-- wrong
SELECT Year FROM tractor_data WHERE Weight BETWEEN 3000 AND 4000 GROUP BY Year
-- wrong
SELECT DISTINCT Year FROM tractor_data WHERE Horsepower BETWEEN 3000 AND 4000
-- wrong
SELECT DISTINCT Year FROM tractor_data WHERE Weight < 4000 OR Weight > 3000
-- gold
SELECT avg(Edispl) FROM tractor_data AS T1 JOIN tractor_names AS T2 ON T1.Id = T2.MakeId WHERE T2.Model = 'oxen'
-- right
SELECT avg(T2.Edispl) FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T1.Model = "oxen"
-- right
SELECT sum(Edispl) / count(*) FROM tractor_data WHERE Id IN (SELECT MakeId FROM tractor_names WHERE Model = 'oxen')
-- wrong
SELECT avg(T2.Edispl) FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T1.Make = 'oxen'
-- wrong
SELECT avg(T2.Accelerate) FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T1.Model = 'oxen'
-- wrong
SELECT sum(T2.Edispl) FROM tractor_names AS T1 JOIN tractor_data AS T2 ON T1.MakeId = T2.Id WHERE T1.Model = 'oxen'
-- wrong
SELECT avg(Edispl) FROM tractor_data
-- wrong
SELECT avg(T1.Edispl) FROM tractor_data AS T1 JOIN tractor_names AS T2 ON T1.Id = T2.MakeId JOIN model_list AS T3 ON T2.Model = T3.Model JOIN tractor_makers AS T4 ON T3.Maker = T4.Id WHERE T4.Maker = 'oxen'
-- gold
SELECT Maker, Model FROM model_list EXCEPT SELECT T1.Maker, T1.Model FROM model_list AS T1 JOIN tractor_names AS T2 ON T1.Model = T2.Model
-- right
SELECT Maker, Model FROM model_list WHERE Model NOT IN (SELECT Model FROM tractor_names WHERE Model IS NOT NULL)
-- right
SELECT T1.Maker, T1.Model FROM model_list AS T1 LEFT JOIN tractor_names AS T2 ON T1.Model = T2.Model WHERE T2.MakeId IS NULL
-- wrong
SELECT Maker, Model FROM model_list
-- wrong
SELECT Maker, Model FROM model_list WHERE ModelId NOT IN (SELECT MakeId FROM tractor_names)
-- wrong
SELECT Model FROM model_list EXCEPT SELECT T1.Model FROM model_list AS T1 JOIN tractor_names AS T2 ON T1.Model = T2.Model
-- wrong
SELECT T1.Maker, T1.Model FROM model_list AS T1 JOIN tractor_names AS T2 ON T1.Model = T2.Model
-- gold
SELECT count(*) FROM tractor_data WHERE Accelerate > (SELECT Accelerate FROM tractor_data ORDER BY Horsepower DESC LIMIT 1)
-- wrong
SELECT count(*) FROM tractor_data WHERE Accelerate > (SELECT max(Horsepower) FROM tractor_data)
-- wrong
SELECT count(*) FROM tractor_data WHERE Accelerate > (SELECT Accelerate FROM tractor_data ORDER BY Horsepower LIMIT 1)
-- wrong
SELECT count(*) FROM tractor_data WHERE Accelerate >= (SELECT Accelerate FROM tractor_data ORDER BY Horsepower DESC LIMIT 1)
-- right
SELECT count(*) FROM tractor_data WHERE Accelerate > (SELECT Accelerate FROM tractor_data WHERE Horsepower = (SELECT max(Horsepower) FROM tractor_data))
-- wrong
SELECT count(*) FROM tractor_data WHERE Accelerate > (SELECT max(Accelerate) FROM tractor_data WHERE Horsepower = (SELECT max(Horsepower) FROM tractor_data))
-- wrong
SELECT count(*) FROM tractor_data WHERE Accelerate > (SELECT Accelerate FROM tractor_data ORDER BY CAST(Horsepower AS INT) DESC LIMIT 1)
