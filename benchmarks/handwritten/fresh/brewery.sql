-- context
CREATE TABLE Brewery (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, town TEXT, founded INTEGER, owner_id INTEGER, FOREIGN KEY (owner_id) REFERENCES Owner(id));
CREATE TABLE Owner (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, age INTEGER);
CREATE TABLE Beer (name TEXT, brewery TEXT, style_id INTEGER, abv REAL, ibu INTEGER, FOREIGN KEY (brewery) REFERENCES Brewery(name), FOREIGN KEY (style_id) REFERENCES Style(id));
CREATE TABLE Style (id INTEGER PRIMARY KEY, style_name TEXT, origin TEXT);
CREATE TABLE Rating (beer TEXT, taster TEXT, stars INTEGER, day TEXT);
INSERT INTO Owner VALUES (1,'Karl','Weber',61),(2,'Anna','Weber',44),(3,'Luc','Janssen',52),(4,'Emma','Clark',38),(5,'Sven','Berg',44);
INSERT INTO Brewery VALUES (1,'Weberbräu','Bamberg',1820,1),(2,'Sint Luc','Gent',1955,3),(3,'Hop House','Leeds',2012,4),(4,'Nordbryg','Malmö',2012,NULL),(5,'Alte Post','Bamberg',1901,1),(6,'Black Gate','Leeds',1999,2);
INSERT INTO Style VALUES (1,'Pilsner','Czechia'),(2,'Tripel','Belgium'),(3,'IPA','England'),(4,'Stout','Ireland'),(5,'Rauchbier','Germany'),(6,'Gose','Germany');
INSERT INTO Beer VALUES ('Weber Hell','Weberbräu',1,4.9,25),('Rauch','Weberbräu',5,5.4,30),('Tripel L','Sint Luc',2,8.5,32),('Hopper','Hop House',3,6.2,70),('Night','Hop House',4,4.2,40),('Snö','Nordbryg',1,4.7,NULL),('Fjäll','Nordbryg',3,6.8,65),('Post Pils','Alte Post',1,4.9,33),('Gate Stout','Black Gate',4,7.0,55),('Hopper','Black Gate',3,5.1,60);
INSERT INTO Rating VALUES ('Hopper','Ann',5,'2020-05-01'),('Hopper','Bob',4,'2020-05-02'),('Rauch','Ann',3,'2020-05-01'),('Tripel L','Cid',5,'2020-06-11'),('Night','Bob',2,'2020-07-01'),('Night','Cid',4,'2020-07-02'),('Weber Hell','Ann',4,'2020-08-15'),('Post Pils','Dee',3,'2020-08-20'),('Rauch','Dee',5,'2020-09-01'),('Gone Ale','Bob',1,'2020-09-02'),('Fjäll','Eve',4,'2020-10-10'),('Night','Ann',3,'2020-10-11');
-- gold
SELECT count(*) FROM Brewery WHERE founded > 2000
-- right
SELECT count(id) FROM Brewery WHERE founded > 2000
-- right
SELECT count(name) FROM Brewery WHERE founded > 2000
-- right
SELECT count(*) FROM Brewery WHERE founded >= 2001
-- wrong
SELECT count(*) FROM Brewery WHERE founded < 2000
-- wrong
SELECT count(*) FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T1.founded > 2000
-- wrong
SELECT count(owner_id) FROM Brewery WHERE founded > 2000
-- right
SELECT COUNT(*) FROM Brewery WHERE NOT founded <= 2000
-- gold
SELECT T1.name FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'Stout'
-- right
SELECT T2.name FROM Style AS T1 JOIN Beer AS T2 ON T1.id = T2.style_id WHERE T1.style_name = 'Stout'
-- right
SELECT name FROM Beer WHERE style_id IN (SELECT id FROM Style WHERE style_name = 'Stout')
-- right
SELECT T1.name FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id JOIN Brewery AS T3 ON T1.brewery = T3.name WHERE T2.style_name = 'Stout'
-- wrong
SELECT name FROM Beer WHERE style_id = (SELECT id FROM Style WHERE style_name = 'Stout')
-- wrong
SELECT T1.brewery FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'Stout'
-- wrong
SELECT T1.name FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name LIKE 'Stout%'
-- right
SELECT b.name FROM Beer b, Style s WHERE b.style_id = s.id AND s.style_name = 'Stout'
-- gold
SELECT style_id, max(abv), min(abv) FROM Beer GROUP BY style_id
-- right
SELECT max(abv), min(abv), style_id FROM Beer GROUP BY style_id
-- right
SELECT T2.id, max(T1.abv), min(T1.abv) FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id GROUP BY T2.id
-- wrong
SELECT T2.style_name, max(T1.abv), min(T1.abv) FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id GROUP BY T2.id
-- wrong
SELECT style_id, max(abv), min(ibu) FROM Beer GROUP BY style_id
-- wrong
SELECT style_id, max(abv), avg(abv) FROM Beer GROUP BY style_id
-- right
SELECT style_id, max(T1.abv), min(T1.abv) FROM Beer AS T1 JOIN Brewery AS T2 ON T1.brewery = T2.name GROUP BY T1.style_id
-- right
SELECT T1.style_id, max(T1.abv), min(T1.abv) FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id GROUP BY T1.style_id
-- gold
SELECT T1.town FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T2.abv > 6 GROUP BY T1.town
-- right
SELECT DISTINCT T1.town FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T2.abv > 6 GROUP BY T1.town
-- wrong
SELECT T1.town FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T2.abv > 6
-- wrong
SELECT T1.town FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T2.abv >= 6 GROUP BY T1.town
-- right
SELECT town FROM Brewery WHERE name IN (SELECT brewery FROM Beer WHERE abv > 6) GROUP BY town
-- wrong
SELECT T1.town FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T2.ibu > 6 GROUP BY T1.town
-- wrong
SELECT T1.name FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T2.abv > 6 GROUP BY T1.name
-- right
SELECT town FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery JOIN Style AS T3 ON T2.style_id = T3.id WHERE T2.abv > 6 GROUP BY T1.town
-- gold
SELECT T1.first_name, T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.owner_id GROUP BY T1.id HAVING count(*) > 1
-- right
SELECT first_name, last_name FROM Owner WHERE id IN (SELECT owner_id FROM Brewery GROUP BY owner_id HAVING count(*) > 1)
-- right
SELECT T2.last_name, T2.first_name FROM Brewery AS T1 JOIN Owner AS T2 ON T1.owner_id = T2.id GROUP BY T2.id HAVING count(*) >= 2
-- wrong
SELECT T1.first_name, T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.owner_id GROUP BY T1.last_name HAVING count(*) > 1
-- wrong
SELECT T1.first_name, T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.id GROUP BY T1.id HAVING count(*) > 1
-- wrong
SELECT T1.first_name, T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.owner_id
-- wrong
SELECT T1.first_name, T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.owner_id JOIN Beer AS T3 ON T2.name = T3.brewery GROUP BY T1.id HAVING count(*) > 1
-- right
SELECT o.first_name, o.last_name FROM Owner o INNER JOIN Brewery b ON o.id = b.owner_id GROUP BY o.id HAVING COUNT(b.id) >= 2
-- right
SELECT T1.first_name, T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.owner_id GROUP BY T2.owner_id HAVING count(DISTINCT T2.name) > 1
-- gold
SELECT avg(stars) FROM Rating WHERE beer = 'Hopper'
-- right
SELECT avg(T1.stars) FROM Rating AS T1 WHERE T1.beer = 'Hopper'
-- right
SELECT avg(stars) FROM Rating WHERE beer = "Hopper"
-- wrong
SELECT avg(T2.stars) FROM Beer AS T1 JOIN Rating AS T2 ON T1.name = T2.beer WHERE T1.name = 'Hopper'
-- wrong
SELECT sum(stars) / count(*) FROM Rating WHERE beer = 'Hopper'
-- wrong
SELECT avg(stars) FROM Rating WHERE taster = 'Hopper'
-- wrong
SELECT stars FROM Rating WHERE beer = 'Hopper'
-- right
SELECT sum(stars) * 1.0 / count(stars) FROM Rating WHERE beer = 'Hopper'
-- gold
SELECT origin FROM Style GROUP BY origin ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T1.origin FROM Style AS T1 GROUP BY T1.origin ORDER BY count(T1.id) DESC LIMIT 1
-- wrong
SELECT origin FROM Style ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT origin FROM Style GROUP BY origin ORDER BY count(*) LIMIT 1
-- wrong
SELECT T2.origin FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id GROUP BY T2.origin ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT origin, count(*) FROM Style GROUP BY origin ORDER BY count(*) DESC LIMIT 1
-- right
SELECT origin FROM Style GROUP BY 1 ORDER BY count(*) DESC LIMIT 1
-- right
SELECT origin FROM Style GROUP BY origin ORDER BY COUNT(style_name) DESC LIMIT 1
-- gold
SELECT name FROM Brewery WHERE name NOT IN (SELECT T1.brewery FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'IPA')
-- right
SELECT name FROM Brewery EXCEPT SELECT T1.brewery FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'IPA'
-- right
SELECT name FROM Brewery WHERE name NOT IN (SELECT brewery FROM Beer WHERE style_id IN (SELECT id FROM Style WHERE style_name = 'IPA'))
-- wrong
SELECT DISTINCT T1.brewery FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name != 'IPA'
-- wrong
SELECT name FROM Brewery WHERE name NOT IN (SELECT T1.brewery FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.origin = 'IPA')
-- right
SELECT T1.name FROM Brewery AS T1 WHERE NOT EXISTS (SELECT * FROM Beer AS T2 JOIN Style AS T3 ON T2.style_id = T3.id WHERE T2.brewery = T1.name AND T3.style_name = 'IPA')
-- wrong
SELECT town FROM Brewery WHERE name NOT IN (SELECT T1.brewery FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'IPA')
-- right
SELECT T1.name FROM Brewery AS T1 WHERE T1.name NOT IN (SELECT T2.brewery FROM Beer AS T2, Style AS T3 WHERE T2.style_id = T3.id AND T3.style_name = 'IPA')
-- gold
SELECT taster, count(*) FROM Rating WHERE stars >= 4 GROUP BY taster ORDER BY taster
-- right
SELECT taster, count(*) FROM Rating WHERE stars > 3 GROUP BY taster ORDER BY taster ASC
-- right
SELECT taster, count(stars) FROM Rating WHERE stars >= 4 GROUP BY taster ORDER BY taster
-- right
SELECT taster, count(beer) FROM Rating WHERE stars >= 4 GROUP BY taster ORDER BY taster
-- wrong
SELECT taster, count(*) FROM Rating WHERE stars > 4 GROUP BY taster ORDER BY taster
-- wrong
SELECT taster, count(*) FROM Rating WHERE stars >= 4 GROUP BY taster ORDER BY count(*)
-- wrong
SELECT taster, count(*) FROM Rating GROUP BY taster HAVING count(*) >= 4 ORDER BY taster
-- right
SELECT taster, COUNT(*) AS n FROM Rating WHERE NOT stars < 4 GROUP BY taster ORDER BY 1
-- gold
SELECT T1.name, T2.name FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T1.town = 'Leeds' ORDER BY T2.abv
-- right
SELECT T2.name, T1.name FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T1.town = 'Leeds' ORDER BY T2.abv ASC
-- right
SELECT T2.brewery, T2.name FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T1.town = 'Leeds' ORDER BY T2.abv
-- wrong
SELECT T1.name, T2.name FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T1.town = 'Leeds' ORDER BY T2.abv DESC
-- wrong
SELECT T1.name, T2.name FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.brewery ORDER BY T2.abv
-- wrong
SELECT T1.name, T2.name FROM Brewery AS T1 JOIN Beer AS T2 ON T1.name = T2.name WHERE T1.town = 'Leeds' ORDER BY T2.abv
-- wrong
SELECT T1.name, T2.name FROM Brewery AS T1 LEFT JOIN Beer AS T2 ON T1.name = T2.brewery WHERE T1.town = 'Leeds' ORDER BY T2.abv
-- right
SELECT b.name, r.name FROM Brewery b INNER JOIN Beer r ON b.name = r.brewery AND b.town = 'Leeds' ORDER BY r.abv
-- gold
SELECT last_name FROM Owner WHERE age < 50 AND id IN (SELECT owner_id FROM Brewery WHERE town = 'Leeds')
-- right
SELECT T1.last_name FROM Owner AS T1 WHERE T1.id IN (SELECT T2.owner_id FROM Brewery AS T2 WHERE T2.town = 'Leeds') AND T1.age < 50
-- wrong
SELECT T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.owner_id WHERE T1.age < 50 AND T2.town = 'Leeds'
-- wrong
SELECT last_name FROM Owner WHERE age <= 50 AND id IN (SELECT owner_id FROM Brewery WHERE town = 'Leeds')
-- wrong
SELECT last_name FROM Owner WHERE age < 50
-- wrong
SELECT last_name FROM Owner WHERE age < 50 OR id IN (SELECT owner_id FROM Brewery WHERE town = 'Leeds')
-- right
SELECT T1.last_name FROM Owner AS T1 JOIN Brewery AS T2 ON T1.id = T2.owner_id WHERE T1.age < 50 AND T2.town = 'Leeds' GROUP BY T1.id
-- right
SELECT o.last_name FROM Owner o WHERE o.age < 50 AND EXISTS (SELECT 1 FROM Brewery b WHERE b.owner_id = o.id AND b.town = 'Leeds')
-- gold
SELECT name FROM Beer WHERE abv > (SELECT max(T1.abv) FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'Pilsner')
-- right
SELECT name FROM Beer WHERE abv > (SELECT max(abv) FROM Beer WHERE style_id IN (SELECT id FROM Style WHERE style_name = 'Pilsner'))
-- wrong
SELECT name FROM Beer WHERE abv > (SELECT min(T1.abv) FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'Pilsner')
-- wrong
SELECT name FROM Beer WHERE abv >= (SELECT max(T1.abv) FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'Pilsner')
-- wrong
SELECT name FROM Beer WHERE abv > (SELECT max(abv) FROM Beer WHERE style_id = 1)
-- right
SELECT T1.name FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T1.abv > (SELECT max(T3.abv) FROM Beer AS T3 JOIN Style AS T4 ON T3.style_id = T4.id WHERE T4.style_name = 'Pilsner')
-- right
SELECT name FROM Beer WHERE abv > (SELECT T1.abv FROM Beer AS T1 JOIN Style AS T2 ON T1.style_id = T2.id WHERE T2.style_name = 'Pilsner' ORDER BY T1.abv DESC LIMIT 1)
-- right
SELECT DISTINCT name FROM Beer WHERE abv > (SELECT MAX(abv) FROM Beer JOIN Style ON Beer.style_id = Style.id WHERE Style.style_name = 'Pilsner')
