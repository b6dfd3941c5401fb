-- context
CREATE TABLE bidder (bidder_id INTEGER PRIMARY KEY, bidder_name TEXT NOT NULL, country_code CHAR(2), phone TEXT);
CREATE TABLE ref_category (category_code VARCHAR(10) PRIMARY KEY, category_description TEXT);
CREATE TABLE lot (lot_id INTEGER PRIMARY KEY, lot_title TEXT, category_code VARCHAR(10) NOT NULL, artist_id INTEGER, estimate REAL, sold TEXT, FOREIGN KEY (category_code) REFERENCES ref_category, FOREIGN KEY (artist_id) REFERENCES artist(artist_id));
CREATE TABLE artist (artist_id INTEGER PRIMARY KEY, artist_name TEXT, born INTEGER, died INTEGER);
CREATE TABLE bid (lot_id INTEGER NOT NULL, bidder_id INTEGER NOT NULL, bid_no INTEGER NOT NULL, amount INTEGER, bid_time DATETIME, PRIMARY KEY (lot_id, bid_no), FOREIGN KEY (lot_id) REFERENCES lot(lot_id), FOREIGN KEY (bidder_id) REFERENCES bidder(bidder_id));
CREATE TABLE payment (payment_id INTEGER PRIMARY KEY, bidder_id INTEGER, method VARCHAR(15), paid REAL, FOREIGN KEY (bidder_id) REFERENCES bidder(bidder_id));
INSERT INTO bidder VALUES (1,'Amy Wong','HK','555-01'),(2,'Raj Patel','GB','555-02'),(3,'Elsa Brun','FR',NULL),(4,'Tim Cole','GB','555-04'),(5,'Dora Nagy','HU','555-05'),(6,'Tim Cole','US',NULL);
INSERT INTO ref_category VALUES ('PNT','Painting'),('SCU','Sculpture'),('PRT','Print'),('JWL','Jewelry');
INSERT INTO artist VALUES (1,'J. Moreau',1826,1898),(2,'K. Hayashi',1955,NULL),(3,'P. Olsen',1901,1977),(4,'L. Cruz',1980,NULL),(5,'A. Webb',1870,1933);
INSERT INTO lot VALUES (1,'Blue Dawn','PNT',1,5000.0,'Y'),(2,'Torso','SCU',3,12000.0,'Y'),(3,'Waves','PRT',2,800.0,'N'),(4,'Ring','JWL',NULL,1500.0,'Y'),(5,'Harbour','PNT',3,5000.0,'N'),(6,'Cranes','PRT',2,950.0,'Y'),(7,'Untitled','PNT',4,300.0,'N'),(8,'Untitled','SCU',4,2200.0,'Y');
INSERT INTO bid VALUES (1,1,1,4800,'2020-03-01 10:00:00'),(1,2,2,5200,'2020-03-01 10:01:00'),(1,1,3,5600,'2020-03-01 10:02:00'),(2,4,1,11000,'2020-03-01 11:00:00'),(2,3,2,12500,'2020-03-01 11:03:00'),(4,5,1,1500,'2020-03-01 12:00:00'),(6,2,1,900,'2020-03-02 09:00:00'),(6,1,2,1000,'2020-03-02 09:01:00'),(8,4,1,2000,'2020-03-02 10:00:00'),(8,2,2,2100,'2020-03-02 10:00:30');
INSERT INTO payment VALUES (1,1,'Card',5600.0),(2,3,'Wire',12500.0),(3,5,'Card',1500.0),(4,1,'Cash',1000.0),(5,2,'Wire',2100.0);
-- gold
SELECT T1.bidder_name FROM bidder AS T1 JOIN bid AS T2 ON T1.bidder_id = T2.bidder_id WHERE T2.amount > 5000
-- right
SELECT T2.bidder_name FROM bid AS T1 JOIN bidder AS T2 ON T1.bidder_id = T2.bidder_id WHERE T1.amount > 5000
-- right
SELECT T1.bidder_name FROM bidder AS T1 JOIN bid AS T2 ON T1.bidder_id = T2.bidder_id JOIN lot AS T3 ON T2.lot_id = T3.lot_id WHERE T2.amount > 5000
-- wrong
SELECT bidder_name FROM bidder WHERE bidder_id IN (SELECT bidder_id FROM bid WHERE amount > 5000)
-- wrong
SELECT T1.bidder_name FROM bidder AS T1 JOIN bid AS T2 ON T1.bidder_id = T2.bidder_id WHERE T2.amount >= 5000
-- wrong
SELECT T1.bidder_name FROM bidder AS T1 JOIN bid AS T2 ON T1.bidder_id = T2.bid_no WHERE T2.amount > 5000
-- wrong
SELECT T1.bidder_name FROM bidder AS T1 JOIN payment AS T2 ON T1.bidder_id = T2.bidder_id WHERE T2.paid > 5000
-- right
SELECT b.bidder_name FROM bidder b, bid d WHERE b.bidder_id = d.bidder_id AND d.amount > 5000
-- gold
SELECT category_code, count(*) FROM lot GROUP BY category_code ORDER BY count(*)
-- right
SELECT T1.category_code, count(*) FROM ref_category AS T1 JOIN lot AS T2 ON T1.category_code = T2.category_code GROUP BY T1.category_code ORDER BY count(*)
-- right
SELECT category_code, count(lot_id) FROM lot GROUP BY category_code ORDER BY count(lot_id) ASC
-- wrong
SELECT category_code, count(artist_id) FROM lot GROUP BY category_code ORDER BY count(artist_id)
-- wrong
SELECT category_code, count(*) FROM lot GROUP BY category_code ORDER BY count(*) DESC
-- wrong
SELECT T1.category_description, count(*) FROM ref_category AS T1 JOIN lot AS T2 ON T1.category_code = T2.category_code GROUP BY T1.category_code ORDER BY count(*)
-- wrong
SELECT T1.category_code, count(*) FROM lot AS T1 JOIN bid AS T2 ON T1.lot_id = T2.lot_id GROUP BY T1.category_code ORDER BY count(*)
-- right
SELECT category_code, COUNT(*) AS n FROM lot GROUP BY category_code ORDER BY n ASC
-- gold
SELECT lot_title FROM lot WHERE lot_id NOT IN (SELECT lot_id FROM bid)
-- right
SELECT T1.lot_title FROM lot AS T1 LEFT JOIN bid AS T2 ON T1.lot_id = T2.lot_id WHERE T2.bidder_id IS NULL
-- right
SELECT lot_title FROM lot WHERE lot_id NOT IN (SELECT T1.lot_id FROM bid AS T1 JOIN bidder AS T2 ON T1.bidder_id = T2.bidder_id)
-- wrong
SELECT lot_title FROM lot EXCEPT SELECT T1.lot_title FROM lot AS T1 JOIN bid AS T2 ON T1.lot_id = T2.lot_id
-- wrong
SELECT lot_title FROM lot WHERE sold = 'N'
-- wrong
SELECT lot_title FROM lot WHERE lot_id IN (SELECT lot_id FROM bid)
-- right
SELECT lot_title FROM lot AS T1 WHERE (SELECT count(*) FROM bid AS T2 WHERE T2.lot_id = T1.lot_id) = 0
-- right
SELECT lot_title FROM lot WHERE NOT EXISTS (SELECT 1 FROM bid WHERE bid.lot_id = lot.lot_id)
-- right
SELECT lot_title FROM lot WHERE lot_id IN (SELECT lot_id FROM lot EXCEPT SELECT lot_id FROM bid)
-- gold
SELECT T1.artist_name, sum(T2.estimate) FROM artist AS T1 JOIN lot AS T2 ON T1.artist_id = T2.artist_id GROUP BY T1.artist_id
-- right
SELECT sum(T1.estimate), T2.artist_name FROM lot AS T1 JOIN artist AS T2 ON T1.artist_id = T2.artist_id GROUP BY T1.artist_id
-- right
SELECT T1.artist_name, sum(T2.estimate) FROM artist AS T1 JOIN lot AS T2 ON T1.artist_id = T2.artist_id JOIN ref_category AS T3 ON T2.category_code = T3.category_code GROUP BY T1.artist_id
-- wrong
SELECT T1.artist_name, sum(T2.estimate) FROM artist AS T1 JOIN lot AS T2 ON T1.artist_id = T2.artist_id GROUP BY T1.artist_name
-- wrong
SELECT T1.artist_name, avg(T2.estimate) FROM artist AS T1 JOIN lot AS T2 ON T1.artist_id = T2.artist_id GROUP BY T1.artist_id
-- wrong
SELECT T1.artist_name, sum(T2.estimate) FROM artist AS T1 LEFT JOIN lot AS T2 ON T1.artist_id = T2.artist_id GROUP BY T1.artist_id
-- wrong
SELECT T1.artist_name, sum(T2.estimate) FROM artist AS T1 JOIN lot AS T2 ON T1.artist_id = T2.artist_id JOIN bid AS T3 ON T2.lot_id = T3.lot_id GROUP BY T1.artist_id
-- right
SELECT a.artist_name, SUM(l.estimate) AS total FROM artist a INNER JOIN lot l ON a.artist_id = l.artist_id GROUP BY l.artist_id
-- gold
SELECT artist_name, died - born FROM artist WHERE died IS NOT NULL
-- right
SELECT artist_name, died - born FROM artist WHERE NOT died IS NULL
-- wrong
SELECT artist_name, died - born FROM artist
-- wrong
SELECT artist_name, born - died FROM artist WHERE died IS NOT NULL
-- right
SELECT T1.artist_name, T1.died - T1.born AS age FROM artist AS T1 WHERE T1.died IS NOT NULL
-- wrong
SELECT artist_name, died FROM artist WHERE died IS NOT NULL
-- right
SELECT artist_name, died - born FROM artist WHERE died != ''
-- right
SELECT died - born, artist_name FROM artist WHERE died IS NOT NULL;
-- gold
SELECT method FROM payment GROUP BY method ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T1.method FROM payment AS T1 JOIN bidder AS T2 ON T1.bidder_id = T2.bidder_id GROUP BY T1.method ORDER BY count(*) DESC LIMIT 1
-- right
SELECT method FROM payment GROUP BY method ORDER BY count(payment_id) DESC LIMIT 1
-- wrong
SELECT method FROM payment GROUP BY method ORDER BY sum(paid) DESC LIMIT 1
-- wrong
SELECT method FROM payment ORDER BY paid DESC LIMIT 1
-- wrong
SELECT method FROM payment GROUP BY method HAVING count(*) = (SELECT max(c) FROM (SELECT count(*) AS c FROM payment GROUP BY method))
-- wrong
SELECT method FROM payment GROUP BY method ORDER BY count(*) ASC LIMIT 1
-- right
SELECT method FROM payment GROUP BY method ORDER BY COUNT(method) DESC LIMIT 1
-- gold
SELECT max(amount), lot_id FROM bid GROUP BY lot_id HAVING count(*) > 1
-- right
SELECT lot_id, max(amount) FROM bid GROUP BY lot_id HAVING count(*) >= 2
-- right
SELECT max(T1.amount), T2.lot_id FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id GROUP BY T2.lot_id HAVING count(*) > 1
-- right
SELECT max(amount), lot_id FROM bid GROUP BY lot_id HAVING count(bid_no) > 1
-- wrong
SELECT max(amount), lot_id FROM bid GROUP BY lot_id
-- wrong
SELECT max(bid_no), lot_id FROM bid GROUP BY lot_id HAVING count(*) > 1
-- wrong
SELECT max(amount), lot_id FROM bid GROUP BY lot_id HAVING max(bid_no) > 1
-- right
SELECT b.lot_id, MAX(b.amount) FROM bid b JOIN bidder c ON b.bidder_id = c.bidder_id GROUP BY b.lot_id HAVING COUNT(*) > 1
-- gold
SELECT bidder_name FROM bidder WHERE country_code = 'GB' OR country_code = 'US'
-- right
SELECT bidder_name FROM bidder WHERE country_code IN ('GB', 'US')
-- right
SELECT T1.bidder_name FROM bidder AS T1 WHERE T1.country_code = 'US' OR T1.country_code = 'GB'
-- wrong
SELECT bidder_name FROM bidder WHERE country_code = 'GB' UNION SELECT bidder_name FROM bidder WHERE country_code = 'US'
-- wrong
SELECT bidder_name FROM bidder WHERE country_code = 'GB' AND country_code = 'US'
-- wrong
SELECT bidder_name FROM bidder WHERE country_code = 'GB' OR 'US'
-- wrong
SELECT bidder_name FROM bidder WHERE country_code = 'UK' OR country_code = 'US'
-- right
SELECT bidder_name FROM bidder WHERE (country_code = 'GB') OR (country_code = 'US');
-- gold
SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Raj Patel' INTERSECT SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Amy Wong'
-- right
SELECT T1.lot_title FROM lot AS T1 JOIN bid AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T2.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Amy Wong' INTERSECT SELECT T1.lot_title FROM lot AS T1 JOIN bid AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T2.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Raj Patel'
-- wrong
SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Raj Patel' AND T3.bidder_name = 'Amy Wong'
-- wrong
SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Raj Patel' UNION SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Amy Wong'
-- wrong
SELECT lot_title FROM lot WHERE lot_id IN (SELECT T1.lot_id FROM bid AS T1 JOIN bidder AS T2 ON T1.bidder_id = T2.bidder_id WHERE T2.bidder_name = 'Raj Patel' INTERSECT SELECT T1.lot_id FROM bid AS T1 JOIN bidder AS T2 ON T1.bidder_id = T2.bidder_id WHERE T2.bidder_name = 'Amy Wong')
-- right
SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id JOIN ref_category AS T4 ON T2.category_code = T4.category_code WHERE T3.bidder_name = 'Raj Patel' INTERSECT SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Amy Wong'
-- wrong
SELECT T2.lot_title FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T1.bidder_id = T3.bidder_id WHERE T3.bidder_name = 'Raj Patel' OR T3.bidder_name = 'Amy Wong'
-- right
SELECT l.lot_title FROM lot l WHERE l.lot_id IN (SELECT b.lot_id FROM bid b JOIN bidder r ON b.bidder_id = r.bidder_id WHERE r.bidder_name = 'Raj Patel') INTERSECT SELECT l.lot_title FROM lot l WHERE l.lot_id IN (SELECT b.lot_id FROM bid b JOIN bidder r ON b.bidder_id = r.bidder_id WHERE r.bidder_name = 'Amy Wong')
-- gold
SELECT avg(estimate) FROM lot AS T1 JOIN ref_category AS T2 ON T1.category_code = T2.category_code WHERE T2.category_description = 'Painting'
-- right
SELECT avg(estimate) FROM lot WHERE category_code IN (SELECT category_code FROM ref_category WHERE category_description = 'Painting')
-- wrong
SELECT avg(estimate) FROM lot WHERE category_code = 'PNT'
-- wrong
SELECT avg(T1.estimate) FROM lot AS T1 JOIN ref_category AS T2 ON T1.category_code = T2.category_code JOIN artist AS T3 ON T1.artist_id = T3.artist_id WHERE T2.category_description = 'Painting'
-- right
SELECT sum(T1.estimate) / count(*) FROM lot AS T1 JOIN ref_category AS T2 ON T1.category_code = T2.category_code WHERE T2.category_description = 'Painting'
-- wrong
SELECT avg(estimate) FROM lot
-- wrong
SELECT avg(T1.estimate) FROM lot AS T1 JOIN ref_category AS T2 ON T1.category_code = T2.category_code WHERE T2.category_description LIKE '%Paint%'
-- right
SELECT avg(l.estimate) FROM lot l, ref_category c WHERE l.category_code = c.category_code AND c.category_description = 'Painting'
-- right
SELECT AVG(T2.estimate) FROM ref_category AS T1 JOIN lot AS T2 ON T1.category_code = T2.category_code WHERE T1.category_description = "Painting"
-- gold
SELECT bidder_name, phone FROM bidder ORDER BY bidder_name
-- right
SELECT phone, bidder_name FROM bidder ORDER BY bidder_name ASC
-- right
SELECT T1.bidder_name, T1.phone FROM bidder AS T1 ORDER BY T1.bidder_name
-- wrong
SELECT bidder_name, phone FROM bidder
-- wrong
SELECT bidder_name, phone FROM bidder WHERE phone IS NOT NULL ORDER BY bidder_name
-- wrong
SELECT bidder_name, country_code FROM bidder ORDER BY bidder_name
-- wrong
SELECT bidder_name, phone FROM bidder ORDER BY phone
-- right
SELECT bidder_name, phone FROM bidder ORDER BY 1
-- gold
SELECT count(*) FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id WHERE T2.sold = 'Y'
-- right
SELECT count(*) FROM bid WHERE lot_id IN (SELECT lot_id FROM lot WHERE sold = 'Y')
-- right
SELECT count(T2.bid_no) FROM lot AS T1 JOIN bid AS T2 ON T1.lot_id = T2.lot_id WHERE T1.sold = 'Y'
-- right
SELECT count(*) FROM lot AS T1 JOIN bid AS T2 ON T1.lot_id = T2.lot_id JOIN bidder AS T3 ON T2.bidder_id = T3.bidder_id WHERE T1.sold = 'Y'
-- wrong
SELECT count(*) FROM lot WHERE sold = 'Y'
-- wrong
SELECT count(*) FROM lot AS T1 LEFT JOIN bid AS T2 ON T1.lot_id = T2.lot_id WHERE T1.sold = 'Y'
-- wrong
SELECT count(*) FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id WHERE T2.sold = 'Yes'
-- right
SELECT SUM(CASE WHEN T2.sold = 'Y' THEN 1 ELSE 0 END) FROM bid AS T1 JOIN lot AS T2 ON T1.lot_id = T2.lot_id
-- right
SELECT COUNT(*) FROM lot l, bid b WHERE l.lot_id = b.lot_id AND l.sold = 'Y'
