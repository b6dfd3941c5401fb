-- context
CREATE TABLE keeper (keeper_id INTEGER PRIMARY KEY, Name TEXT, hired TEXT, salary REAL, boss INTEGER REFERENCES keeper);
CREATE TABLE species (code TEXT PRIMARY KEY, common_name TEXT, class TEXT, status TEXT);
CREATE TABLE animal (animal_id INTEGER PRIMARY KEY, nickname TEXT, species TEXT REFERENCES species(code), sex TEXT, born TEXT, weight TEXT);
CREATE TABLE cares_for (keeper_id INTEGER, animal_id INTEGER, since INTEGER, PRIMARY KEY (keeper_id, animal_id), FOREIGN KEY (keeper_id) REFERENCES keeper(keeper_id), FOREIGN KEY (animal_id) REFERENCES animal(animal_id));
CREATE TABLE feed (animal_id INTEGER, food TEXT, kilos REAL, FOREIGN KEY (animal_id) REFERENCES animal(animal_id));
INSERT INTO keeper VALUES (1,'Ines Prado','2009-04-01',3200.0,NULL),(2,'Tom Birk','2012-09-15',2700.5,1),(3,'Aya Sato','2012-02-28',2700.5,1),(4,'Lars Holm','2018-06-30',2100.0,2),(5,'Mia Okoro','2020-01-10',1980.0,2),(6,'Tom Birk','2021-11-03',1900.0,3);
INSERT INTO species VALUES ('LEO','Lion','Mammal','Vulnerable'),('GIR','Giraffe','Mammal','Vulnerable'),('EMU','Emu','Bird','Least Concern'),('PEN','Penguin','Bird','Near Threatened'),('BOA','Boa','Reptile','Least Concern'),('AXO','Axolotl','Amphibian','Critically Endangered');
INSERT INTO animal VALUES (10,'Simba','LEO','M','2011-05-03','190'),(11,'Nala','LEO','F','2012-08-21','130'),(12,'Twiga','GIR','F','2009-01-15','820'),(13,'Pip','PEN','M','2017-12-01','4'),(14,'Pop','PEN','F','2018-01-09','5'),(15,'Hiss','BOA','F','2015-03-30','14'),(16,'Eddy','EMU','M','2016-07-07','40'),(17,'Kaz','LEO','M','2019-10-10','95'),(18,'Pim','PEN','M','2020-02-02','4');
INSERT INTO cares_for VALUES (2,10,2012),(2,11,2013),(3,12,2012),(4,13,2018),(4,14,2018),(5,15,2020),(6,13,2021),(3,10,2015),(5,17,2020);
-- gold
SELECT count(*) FROM animal WHERE sex = 'F'
-- right
SELECT count(animal_id) FROM animal WHERE sex = 'F'
-- right
SELECT count(*) FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T1.sex = 'F'
-- wrong
SELECT count(*) FROM animal WHERE sex LIKE 'F'
-- wrong
SELECT count(*) FROM animal WHERE sex = 'f'
-- wrong
SELECT count(*) FROM animal WHERE sex = 'M'
-- wrong
SELECT count(*) FROM animal AS T1 JOIN cares_for AS T2 ON T1.animal_id = T2.animal_id WHERE T1.sex = 'F'
-- right
select count(1) from Animal where Sex = "F";
-- right
SELECT COUNT(*) FROM animal WHERE sex <> 'M' AND sex = 'F'
-- gold
SELECT Name, salary FROM keeper ORDER BY salary DESC
-- right
SELECT T1.Name, T1.salary FROM keeper AS T1 ORDER BY T1.salary DESC
-- right
SELECT salary, Name FROM keeper ORDER BY salary DESC
-- wrong
SELECT Name, salary FROM keeper ORDER BY salary
-- wrong
SELECT Name, hired FROM keeper ORDER BY salary DESC
-- wrong
SELECT Name, salary FROM keeper ORDER BY hired
-- wrong
SELECT T1.Name, T1.salary FROM keeper AS T1 JOIN cares_for AS T2 ON T1.keeper_id = T2.keeper_id ORDER BY T1.salary DESC
-- right
SELECT keeper.Name, keeper.salary FROM keeper ORDER BY keeper.salary DESC;
-- gold
SELECT nickname FROM animal WHERE species = 'LEO' AND sex = 'M'
-- right
SELECT T1.nickname FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T2.code = 'LEO' AND T1.sex = 'M'
-- right
SELECT nickname FROM animal WHERE sex = 'M' AND species = 'LEO'
-- wrong
SELECT nickname FROM animal WHERE species = 'LEO'
-- wrong
SELECT T1.nickname FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T2.common_name = 'LEO' AND T1.sex = 'M'
-- wrong
SELECT nickname FROM animal WHERE species = 'LEO' OR sex = 'M'
-- wrong
SELECT nickname FROM animal WHERE species = 'LEO' INTERSECT SELECT nickname FROM animal WHERE sex = 'M'
-- right
SELECT nickname FROM animal WHERE species IN (SELECT code FROM species WHERE code = 'LEO') AND sex = 'M'
-- gold
SELECT species, count(*) FROM animal GROUP BY species
-- right
SELECT count(*), species FROM animal GROUP BY species
-- right
SELECT T1.species, count(*) FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code GROUP BY T1.species
-- right
SELECT T2.code, count(*) FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code GROUP BY T2.code
-- wrong
SELECT T2.common_name, count(*) FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code GROUP BY T2.code
-- wrong
SELECT T2.code, count(T1.animal_id) FROM species AS T2 LEFT JOIN animal AS T1 ON T1.species = T2.code GROUP BY T2.code
-- wrong
SELECT sex, count(*) FROM animal GROUP BY sex
-- right
SELECT species, COUNT(animal_id) AS num FROM animal GROUP BY species
-- right
SELECT a.species, COUNT(*) FROM animal a INNER JOIN species s ON a.species = s.code GROUP BY s.code
-- gold
SELECT T1.Name FROM keeper AS T1 JOIN cares_for AS T2 ON T1.keeper_id = T2.keeper_id GROUP BY T2.keeper_id HAVING count(*) >= 2
-- right
SELECT T2.Name FROM cares_for AS T1 JOIN keeper AS T2 ON T1.keeper_id = T2.keeper_id GROUP BY T2.keeper_id HAVING count(*) >= 2
-- right
SELECT Name FROM keeper WHERE keeper_id IN (SELECT keeper_id FROM cares_for GROUP BY keeper_id HAVING count(*) >= 2)
-- right
SELECT T1.Name FROM keeper AS T1 JOIN cares_for AS T2 ON T1.keeper_id = T2.keeper_id GROUP BY T1.keeper_id HAVING count(T2.animal_id) > 1
-- wrong
SELECT T1.Name FROM keeper AS T1 JOIN cares_for AS T2 ON T1.keeper_id = T2.keeper_id GROUP BY T1.Name HAVING count(*) >= 2
-- wrong
SELECT T1.Name FROM keeper AS T1 JOIN cares_for AS T2 ON T1.keeper_id = T2.keeper_id GROUP BY T1.keeper_id HAVING count(*) > 2
-- wrong
SELECT T1.Name FROM keeper AS T1 JOIN cares_for AS T2 ON T1.keeper_id = T2.animal_id GROUP BY T1.keeper_id HAVING count(*) >= 2
-- right
SELECT k.Name FROM keeper k INNER JOIN cares_for c ON k.keeper_id = c.keeper_id INNER JOIN animal a ON c.animal_id = a.animal_id GROUP BY k.keeper_id HAVING COUNT(*) >= 2
-- right
SELECT Name FROM keeper WHERE (SELECT count(*) FROM cares_for WHERE cares_for.keeper_id = keeper.keeper_id) > 1
-- gold
SELECT common_name FROM species WHERE code NOT IN (SELECT species FROM animal)
-- right
SELECT T1.common_name FROM species AS T1 WHERE T1.code NOT IN (SELECT T2.species FROM animal AS T2)
-- right
SELECT T1.common_name FROM species AS T1 LEFT JOIN animal AS T2 ON T1.code = T2.species WHERE T2.animal_id IS NULL
-- right
SELECT common_name FROM species WHERE NOT EXISTS (SELECT * FROM animal WHERE animal.species = species.code)
-- wrong
SELECT common_name FROM species EXCEPT SELECT T2.common_name FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code
-- wrong
SELECT code FROM species WHERE code NOT IN (SELECT species FROM animal)
-- wrong
SELECT common_name FROM species WHERE code NOT IN (SELECT T1.species FROM animal AS T1 JOIN cares_for AS T2 ON T1.animal_id = T2.animal_id)
-- wrong
SELECT common_name FROM species WHERE code IN (SELECT species FROM animal)
-- right
SELECT common_name FROM species WHERE code IN (SELECT code FROM species EXCEPT SELECT species FROM animal)
-- gold
SELECT Name FROM keeper ORDER BY salary DESC LIMIT 1
-- right
SELECT T1.Name FROM keeper AS T1 ORDER BY T1.salary DESC LIMIT 1
-- wrong
SELECT Name FROM keeper ORDER BY salary LIMIT 1
-- wrong
SELECT Name FROM keeper WHERE salary = (SELECT max(salary) FROM keeper)
-- wrong
SELECT Name FROM keeper ORDER BY hired LIMIT 1
-- wrong
SELECT Name, salary FROM keeper ORDER BY salary DESC LIMIT 1
-- right
SELECT Name FROM keeper ORDER BY -salary LIMIT 1
-- right
SELECT Name FROM keeper ORDER BY salary DESC LIMIT 0, 1
-- gold
SELECT T2.Name FROM keeper AS T1 JOIN keeper AS T2 ON T1.boss = T2.keeper_id GROUP BY T2.keeper_id ORDER BY count(*) DESC LIMIT 1
-- right
SELECT Name FROM keeper WHERE keeper_id = (SELECT boss FROM keeper WHERE boss IS NOT NULL GROUP BY boss ORDER BY count(*) DESC LIMIT 1)
-- right
SELECT T1.Name FROM keeper AS T1 JOIN keeper AS T2 ON T2.boss = T1.keeper_id GROUP BY T1.keeper_id ORDER BY count(T2.keeper_id) DESC LIMIT 1
-- wrong
SELECT T1.Name FROM keeper AS T1 JOIN keeper AS T2 ON T1.boss = T2.keeper_id GROUP BY T2.keeper_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Name FROM keeper GROUP BY boss ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.Name FROM keeper AS T1 JOIN keeper AS T2 ON T1.boss = T2.keeper_id GROUP BY T2.keeper_id ORDER BY count(*) LIMIT 1
-- wrong
SELECT T2.Name FROM keeper AS T1 JOIN keeper AS T2 ON T1.boss = T2.keeper_id GROUP BY T2.Name ORDER BY count(*) DESC LIMIT 1
-- right
SELECT b.Name FROM keeper b WHERE b.keeper_id IN (SELECT boss FROM keeper WHERE boss IS NOT NULL GROUP BY boss ORDER BY COUNT(*) DESC LIMIT 1)
-- gold
SELECT avg(weight) FROM animal WHERE species = 'PEN'
-- right
SELECT avg(T1.weight) FROM animal AS T1 WHERE T1.species = 'PEN'
-- right
SELECT avg(T1.weight) FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T2.code = 'PEN'
-- right
SELECT avg(CAST(weight AS REAL)) FROM animal WHERE species = 'PEN'
-- wrong
SELECT sum(weight) FROM animal WHERE species = 'PEN'
-- wrong
SELECT avg(weight) FROM animal
-- wrong
SELECT avg(T1.weight) FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T2.class = 'PEN'
-- right
SELECT sum(weight) * 1.0 / count(weight) FROM animal WHERE species = 'PEN'
-- right
SELECT AVG(weight) AS average_weight FROM animal WHERE species = (SELECT code FROM species WHERE code = 'PEN')
-- gold
SELECT T1.class FROM species AS T1 JOIN animal AS T2 ON T1.code = T2.species WHERE T2.sex = 'M' INTERSECT SELECT T1.class FROM species AS T1 JOIN animal AS T2 ON T1.code = T2.species WHERE T2.sex = 'F'
-- right
SELECT T2.class FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T1.sex = 'F' INTERSECT SELECT T2.class FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T1.sex = 'M'
-- right
SELECT class FROM species WHERE code IN (SELECT species FROM animal WHERE sex = 'M') INTERSECT SELECT class FROM species WHERE code IN (SELECT species FROM animal WHERE sex = 'F')
-- wrong
SELECT T1.class FROM species AS T1 JOIN animal AS T2 ON T1.code = T2.species WHERE T2.sex = 'M' AND T2.sex = 'F'
-- wrong
SELECT T1.class FROM species AS T1 JOIN animal AS T2 ON T1.code = T2.species WHERE T2.sex = 'M' UNION SELECT T1.class FROM species AS T1 JOIN animal AS T2 ON T1.code = T2.species WHERE T2.sex = 'F'
-- wrong
SELECT T1.common_name FROM species AS T1 JOIN animal AS T2 ON T1.code = T2.species WHERE T2.sex = 'M' INTERSECT SELECT T1.common_name FROM species AS T1 JOIN animal AS T2 ON T1.code = T2.species WHERE T2.sex = 'F'
-- wrong
SELECT class FROM species WHERE code IN (SELECT species FROM animal WHERE sex = 'M') AND code IN (SELECT species FROM animal WHERE sex = 'F')
-- right
SELECT DISTINCT s.class FROM species s, animal a WHERE s.code = a.species AND a.sex = 'M' INTERSECT SELECT DISTINCT s.class FROM species s, animal a WHERE s.code = a.species AND a.sex = 'F'
-- gold
SELECT DISTINCT T1.nickname FROM animal AS T1 JOIN cares_for AS T2 ON T1.animal_id = T2.animal_id JOIN keeper AS T3 ON T2.keeper_id = T3.keeper_id WHERE T3.Name = 'Tom Birk'
-- right
SELECT T3.nickname FROM keeper AS T1 JOIN cares_for AS T2 ON T1.keeper_id = T2.keeper_id JOIN animal AS T3 ON T2.animal_id = T3.animal_id WHERE T1.Name = 'Tom Birk'
-- wrong
SELECT nickname FROM animal WHERE animal_id IN (SELECT animal_id FROM cares_for WHERE keeper_id IN (SELECT keeper_id FROM keeper WHERE Name = 'Tom Birk'))
-- wrong
SELECT T1.nickname FROM animal AS T1 JOIN cares_for AS T2 ON T1.animal_id = T2.animal_id JOIN keeper AS T3 ON T2.keeper_id = T3.keeper_id WHERE T3.Name LIKE '%Birk%'
-- wrong
SELECT T1.nickname FROM animal AS T1 JOIN cares_for AS T2 ON T1.animal_id = T2.animal_id JOIN keeper AS T3 ON T2.keeper_id = T3.boss WHERE T3.Name = 'Tom Birk'
-- right
SELECT T1.nickname FROM animal AS T1 JOIN cares_for AS T2 ON T1.animal_id = T2.animal_id JOIN keeper AS T3 ON T2.keeper_id = T3.keeper_id JOIN species AS T4 ON T1.species = T4.code WHERE T3.Name = 'Tom Birk'
-- wrong
SELECT T1.animal_id FROM animal AS T1 JOIN cares_for AS T2 ON T1.animal_id = T2.animal_id JOIN keeper AS T3 ON T2.keeper_id = T3.keeper_id WHERE T3.Name = 'Tom Birk'
-- right
SELECT T1.nickname FROM animal AS T1, cares_for AS T2, keeper AS T3 WHERE T1.animal_id = T2.animal_id AND T2.keeper_id = T3.keeper_id AND T3.Name = 'Tom Birk'
-- gold
SELECT nickname FROM animal WHERE born > '2016-01-01' ORDER BY born
-- right
SELECT nickname FROM animal WHERE born > '2016-01-01' ORDER BY born ASC
-- right
SELECT T1.nickname FROM animal AS T1 JOIN species AS T2 ON T1.species = T2.code WHERE T1.born > '2016-01-01' ORDER BY T1.born
-- wrong
SELECT nickname FROM animal WHERE born >= '2016-01-01' ORDER BY born
-- wrong
SELECT nickname FROM animal WHERE born > '2016-01-01' ORDER BY nickname
-- wrong
SELECT nickname FROM animal WHERE born > '2016-01-01' ORDER BY born DESC
-- wrong
SELECT nickname FROM animal WHERE born > 2016 ORDER BY born
-- right
SELECT nickname FROM animal WHERE NOT born <= '2016-01-01' ORDER BY born
