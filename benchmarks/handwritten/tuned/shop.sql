-- context
CREATE TABLE Customers (customer_id INTEGER PRIMARY KEY, first_name VARCHAR(80), last_name VARCHAR(80), email VARCHAR(120), city VARCHAR(60), "group" VARCHAR(10));
CREATE TABLE Staff (staff_id INTEGER PRIMARY KEY, first_name VARCHAR(80), last_name VARCHAR(80), salary NUMERIC(8,2), manager_id INTEGER, hired_on DATE, FOREIGN KEY (manager_id) REFERENCES Staff(staff_id));
CREATE TABLE "Order" (order_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, staff_id INTEGER, "date" DATETIME, order_status VARCHAR(20), FOREIGN KEY (customer_id) REFERENCES Customers(customer_id), FOREIGN KEY (staff_id) REFERENCES Staff(staff_id));
CREATE TABLE Products (product_id INTEGER PRIMARY KEY, product_name VARCHAR(60), product_type_code CHAR(15), price DECIMAL(10,2), color VARCHAR(20));
CREATE TABLE Order_Items (item_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, product_id INTEGER NOT NULL, quantity VARCHAR(10), FOREIGN KEY (order_id) REFERENCES "Order"(order_id), FOREIGN KEY (product_id) REFERENCES Products(product_id));
CREATE TABLE Complaints (complaint_id INTEGER PRIMARY KEY, customer_id INTEGER, text TEXT, FOREIGN KEY (customer_id) REFERENCES Customers(customer_id));
INSERT INTO Customers VALUES (1,'Ada','Moor','ada@x.org','Leeds','gold'),(2,'Ben','Stone','ben@x.org','York','basic'),(3,'Cleo','Moor',NULL,'Leeds','basic'),(4,'Dan','Hill','dan@y.net','Hull','gold'),(5,'Eve','Stone','eve@y.net',NULL,'basic'),(6,'Finn','Lake','finn@z.com','York',NULL),(7,'Gus','Hill','gus@z.com','Leeds','gold'),(8,'Hana','Ito','hana@z.com','Hull','basic');
INSERT INTO Staff VALUES (1,'Max','Orr',9200.50,NULL,'2008-03-12'),(2,'Nia','Pratt',4100.00,1,'2012-07-01'),(3,'Oli','Quinn',3900.00,1,'2014-01-15'),(4,'Pam','Reed',2500.75,2,'2016-11-30'),(5,'Raj','Shah',2500.75,2,'2018-05-05'),(6,'Sue','Reed',2700.00,3,'2019-09-09');
INSERT INTO "Order" VALUES (1,1,4,'2021-02-03 10:10:00','Delivered'),(2,1,5,'2021-03-14 09:00:00','Cancelled'),(3,2,4,'2021-03-20 16:30:00','Part'),(4,3,NULL,'2021-04-01 08:00:00','Delivered'),(5,4,6,'2021-05-05 12:00:00','Delivered'),(6,4,6,'2021-05-06 12:00:00','Part'),(7,7,5,'2021-06-30 18:45:00','Delivered'),(8,4,4,'2021-07-07 07:07:00','Cancelled'),(9,8,NULL,'2021-08-19 11:11:11','Part'),(10,2,4,'2021-09-09 09:09:09','Delivered');
INSERT INTO Products VALUES (1,'teapot','Kitchen',24.50,'red'),(2,'mug','Kitchen',6.00,'white'),(3,'lamp','Home',39.99,'red'),(4,'rug','Home',120.00,'blue'),(5,'spade','Garden',18.25,NULL),(6,'hose','Garden',30.00,'green'),(7,'cup','Kitchen',4.75,'red');
INSERT INTO Order_Items VALUES (1,1,1,'2'),(2,1,2,'10'),(3,2,3,'1'),(4,3,2,'4'),(5,3,5,'1'),(6,4,4,'1'),(7,5,1,'1'),(8,5,3,'2'),(9,6,6,'9'),(10,7,2,'6'),(11,8,2,'2'),(12,10,1,'3'),(13,10,4,'1'),(14,9,3,'12');
-- gold
SELECT T1.first_name, T1.last_name FROM Customers AS T1 WHERE T1.customer_id NOT IN (SELECT customer_id FROM "Order")
-- right
SELECT first_name, last_name FROM Customers WHERE customer_id NOT IN (SELECT T2.customer_id FROM "Order" AS T2)
-- wrong
SELECT first_name, last_name FROM Customers EXCEPT SELECT T1.first_name, T1.last_name FROM Customers AS T1 JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id
-- wrong
SELECT first_name, last_name FROM Customers WHERE customer_id NOT IN (SELECT staff_id FROM "Order")
-- wrong
SELECT first_name, last_name FROM Customers WHERE customer_id NOT IN (SELECT order_id FROM "Order")
-- right
SELECT T1.first_name, T1.last_name FROM Customers AS T1 LEFT JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id WHERE T2.order_id IS NULL
-- right
SELECT first_name, last_name FROM Customers AS c WHERE NOT EXISTS (SELECT 1 FROM "Order" AS o WHERE o.customer_id = c.customer_id)
-- wrong
SELECT first_name, last_name FROM Customers WHERE customer_id NOT IN (SELECT customer_id FROM "Order" WHERE order_status = 'Delivered')
-- gold
SELECT T2.first_name, count(*) FROM "Order" AS T1 JOIN Customers AS T2 ON T1.customer_id = T2.customer_id GROUP BY T1.customer_id ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T1.first_name, count(*) FROM Customers AS T1 JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id GROUP BY T1.customer_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.first_name, count(*) FROM "Order" AS T1 JOIN Customers AS T2 ON T1.customer_id = T2.customer_id GROUP BY T2.first_name ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.last_name, count(*) FROM "Order" AS T1 JOIN Customers AS T2 ON T1.customer_id = T2.customer_id GROUP BY T1.customer_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.first_name FROM "Order" AS T1 JOIN Customers AS T2 ON T1.customer_id = T2.customer_id GROUP BY T1.customer_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.first_name, count(*) FROM "Order" AS T1 JOIN Customers AS T2 ON T1.customer_id = T2.customer_id JOIN Order_Items AS T3 ON T1.order_id = T3.order_id GROUP BY T1.customer_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.first_name, count(*) FROM "Order" AS T1 JOIN Staff AS T2 ON T1.staff_id = T2.staff_id GROUP BY T1.customer_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.first_name, count(*) FROM "Order" AS T1 JOIN Customers AS T2 ON T1.customer_id = T2.customer_id GROUP BY T1.customer_id HAVING count(*) = (SELECT count(*) FROM "Order" GROUP BY customer_id ORDER BY count(*) DESC LIMIT 1)
-- gold
SELECT T1.first_name, T2.first_name FROM Staff AS T1 JOIN Staff AS T2 ON T1.manager_id = T2.staff_id
-- right
SELECT T2.first_name, T1.first_name FROM Staff AS T1 JOIN Staff AS T2 ON T1.staff_id = T2.manager_id
-- wrong
SELECT T1.first_name, T2.first_name FROM Staff AS T1 LEFT JOIN Staff AS T2 ON T1.manager_id = T2.staff_id
-- wrong
SELECT T1.first_name, T2.first_name FROM Staff AS T1 JOIN Staff AS T2 ON T1.manager_id = T2.manager_id
-- wrong
SELECT T1.first_name, T2.last_name FROM Staff AS T1 JOIN Staff AS T2 ON T1.manager_id = T2.staff_id
-- wrong
SELECT first_name, manager_id FROM Staff
-- wrong
SELECT T1.first_name, T1.first_name FROM Staff AS T1 JOIN Staff AS T2 ON T1.manager_id = T2.staff_id
-- gold
SELECT avg(T2.quantity) FROM "Order" AS T1 JOIN Order_Items AS T2 ON T1.order_id = T2.order_id WHERE T1.order_status = 'Delivered'
-- right
SELECT AVG(quantity) FROM Order_Items WHERE order_id IN (SELECT order_id FROM "Order" WHERE order_status = "Delivered")
-- wrong
SELECT sum(T2.quantity) FROM "Order" AS T1 JOIN Order_Items AS T2 ON T1.order_id = T2.order_id WHERE T1.order_status = 'Delivered'
-- wrong
SELECT avg(T2.quantity) FROM "Order" AS T1 JOIN Order_Items AS T2 ON T1.order_id = T2.order_id WHERE T1.order_status = 'delivered'
-- wrong
SELECT avg(quantity) FROM Order_Items
-- wrong
SELECT avg(T2.product_id) FROM "Order" AS T1 JOIN Order_Items AS T2 ON T1.order_id = T2.order_id WHERE T1.order_status = 'Delivered'
-- wrong
SELECT avg(T2.quantity) FROM "Order" AS T1 JOIN Order_Items AS T2 ON T1.order_id = T2.item_id WHERE T1.order_status = 'Delivered'
-- wrong
SELECT avg(T2.quantity) FROM "Order" AS T1 JOIN Order_Items AS T2 ON T1.order_id = T2.order_id WHERE T1.order_status <> 'Delivered'
-- gold
SELECT max(quantity) FROM Order_Items
-- wrong
SELECT max(CAST(quantity AS INTEGER)) FROM Order_Items
-- right
SELECT quantity FROM Order_Items ORDER BY quantity DESC LIMIT 1
-- wrong
SELECT min(quantity) FROM Order_Items
-- wrong
SELECT sum(quantity) FROM Order_Items
-- wrong
SELECT max(product_id) FROM Order_Items
-- wrong
SELECT quantity FROM Order_Items WHERE quantity = (SELECT max(quantity) FROM Order_Items)
-- gold
SELECT product_name FROM Products WHERE price > (SELECT avg(price) FROM Products)
-- right
SELECT T1.product_name FROM Products T1 WHERE T1.price > ( SELECT AVG(T2.price) FROM Products T2 )
-- wrong
SELECT product_name FROM Products WHERE price >= (SELECT avg(price) FROM Products)
-- wrong
SELECT product_name FROM Products WHERE price > avg(price)
-- wrong
SELECT product_name FROM Products GROUP BY product_name HAVING price > avg(price)
-- wrong
SELECT product_name FROM Products WHERE price > (SELECT avg(price) FROM Products WHERE color = 'red')
-- wrong
SELECT product_type_code FROM Products WHERE price > (SELECT avg(price) FROM Products)
-- gold
SELECT product_type_code FROM Products GROUP BY product_type_code HAVING avg(price) > 20
-- right
SELECT product_type_code FROM Products AS p GROUP BY p.product_type_code HAVING AVG(p.price) > 20
-- wrong
SELECT product_type_code FROM Products WHERE price > 20 GROUP BY product_type_code
-- wrong
SELECT product_type_code FROM Products GROUP BY product_type_code HAVING max(price) > 20
-- wrong
SELECT product_type_code FROM Products GROUP BY product_type_code HAVING avg(price) >= 20
-- wrong
SELECT product_type_code FROM Products WHERE price > 20
-- wrong
SELECT product_type_code FROM Products GROUP BY product_type_code HAVING count(*) > 20
-- wrong
SELECT product_type_code, avg(price) FROM Products GROUP BY product_type_code HAVING avg(price) > 20
-- gold
SELECT color FROM Products WHERE product_type_code = 'Kitchen' UNION SELECT color FROM Products WHERE price > 30
-- wrong
SELECT color FROM Products WHERE product_type_code = 'Kitchen' OR price > 30
-- wrong
SELECT DISTINCT color FROM Products WHERE product_type_code = 'Kitchen' OR price > 30
-- wrong
SELECT color FROM Products WHERE product_type_code = 'Kitchen' AND price > 30
-- wrong
SELECT color FROM Products WHERE product_type_code = 'Kitchen' INTERSECT SELECT color FROM Products WHERE price > 30
-- wrong
SELECT color FROM Products WHERE product_type_code = 'Kitchen' UNION ALL SELECT color FROM Products WHERE price > 30
-- right
SELECT color FROM Products WHERE product_type_code = 'Kitchen' OR price > 30 GROUP BY color
-- wrong
SELECT color FROM Products WHERE product_type_code = 'Kitchen' UNION SELECT color FROM Products WHERE price >= 30
-- gold
SELECT "group", count(*) FROM Customers GROUP BY "group"
-- right
SELECT count(*), "group" FROM Customers GROUP BY "group"
-- wrong
SELECT "group", count("group") FROM Customers GROUP BY "group"
-- wrong
SELECT city, count(*) FROM Customers GROUP BY city
-- wrong
SELECT "group", count(DISTINCT city) FROM Customers GROUP BY "group"
-- right
SELECT T1."group", count(customer_id) FROM Customers AS T1 GROUP BY T1."group"
-- wrong
SELECT "group", count(*) FROM Customers WHERE "group" IS NOT NULL GROUP BY "group"
-- wrong
SELECT group, count(*) FROM Customers GROUP BY group
-- gold
SELECT T1.last_name FROM Customers AS T1 JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id JOIN Order_Items AS T3 ON T2.order_id = T3.order_id JOIN Products AS T4 ON T3.product_id = T4.product_id WHERE T4.product_name = 'mug'
-- wrong
SELECT DISTINCT last_name FROM Customers WHERE customer_id IN (SELECT T2.customer_id FROM "Order" AS T2 JOIN Order_Items AS T3 ON T2.order_id = T3.order_id JOIN Products AS T4 ON T3.product_id = T4.product_id WHERE T4.product_name = 'mug')
-- wrong
SELECT T1.last_name FROM Customers AS T1 JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id JOIN Order_Items AS T3 ON T2.order_id = T3.item_id JOIN Products AS T4 ON T3.product_id = T4.product_id WHERE T4.product_name = 'mug'
-- wrong
SELECT T1.last_name FROM Customers AS T1 JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id JOIN Order_Items AS T3 ON T2.order_id = T3.order_id JOIN Products AS T4 ON T3.product_id = T4.product_id WHERE T4.product_name = 'mugs'
-- wrong
SELECT T1.first_name FROM Customers AS T1 JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id JOIN Order_Items AS T3 ON T2.order_id = T3.order_id JOIN Products AS T4 ON T3.product_id = T4.product_id WHERE T4.product_name = 'mug'
-- wrong
SELECT T1.last_name FROM Staff AS T1 JOIN "Order" AS T2 ON T1.staff_id = T2.staff_id JOIN Order_Items AS T3 ON T2.order_id = T3.order_id JOIN Products AS T4 ON T3.product_id = T4.product_id WHERE T4.product_name = 'mug'
-- right
SELECT T4.last_name FROM Products AS T1 JOIN Order_Items AS T2 ON T1.product_id = T2.product_id JOIN "Order" AS T3 ON T2.order_id = T3.order_id JOIN Customers AS T4 ON T3.customer_id = T4.customer_id WHERE T1.product_name = "mug"
-- wrong
SELECT T1.last_name FROM Customers AS T1 JOIN "Order" AS T2 ON T1.customer_id = T2.customer_id JOIN Products AS T4 ON T2.order_id = T4.product_id WHERE T4.product_name = 'mug'
-- gold
SELECT count(*) FROM Customers WHERE email IS NULL OR city = 'York'
-- wrong
SELECT count(*) FROM Customers WHERE city = 'York'
-- wrong
SELECT count(email) FROM Customers WHERE email IS NULL OR city = 'York'
-- wrong
SELECT count(*) FROM Customers WHERE email IS NULL AND city = 'York'
-- wrong
SELECT count(*) FROM Customers WHERE email = 'NULL' OR city = 'York'
-- wrong
SELECT count(*) FROM Customers WHERE email IS NOT NULL OR city = 'York'
-- right
SELECT count(DISTINCT last_name) FROM Customers WHERE email IS NULL OR city = 'York'
-- right
SELECT count(customer_id) FROM Customers WHERE city = "York" OR email IS NULL
-- gold
SELECT order_status, count(*) FROM "Order" WHERE "date" >= '2021-04-01' GROUP BY order_status
-- wrong
SELECT order_status, count(*) FROM "Order" WHERE "date" > '2021-04-01 08:00:00' GROUP BY order_status
-- right
SELECT order_status, count(order_id) FROM "Order" WHERE date >= '2021-04-01' GROUP BY order_status
-- wrong
SELECT order_status, count(*) FROM "Order" WHERE "date" > '2021-04-01' GROUP BY order_status
-- wrong
SELECT order_status, count(*) FROM "Order" GROUP BY order_status
-- wrong
SELECT order_status, count(*) FROM "Order" WHERE "date" <= '2021-04-01' GROUP BY order_status
-- wrong
SELECT order_status, count(*) FROM "Order" WHERE "date" >= '2021-04-02' GROUP BY order_status
-- wrong
SELECT order_status, count(staff_id) FROM "Order" WHERE "date" >= '2021-04-01' GROUP BY order_status
-- right
SELECT order_status, count(DISTINCT customer_id) FROM "Order" WHERE "date" >= '2021-04-01' GROUP BY order_status
-- gold
SELECT T1.product_name FROM Products AS T1 LEFT JOIN Order_Items AS T2 ON T1.product_id = T2.product_id WHERE T2.item_id IS NULL
-- right
SELECT product_name FROM Products WHERE product_id NOT IN (SELECT product_id FROM Order_Items)
-- wrong
SELECT product_name FROM Products EXCEPT SELECT T1.product_name FROM Products AS T1 JOIN Order_Items AS T2 ON T1.product_id = T2.product_id
-- wrong
SELECT product_name FROM Products WHERE product_id NOT IN (SELECT item_id FROM Order_Items)
-- wrong
SELECT T1.product_name FROM Products AS T1 JOIN Order_Items AS T2 ON T1.product_id = T2.product_id WHERE T2.item_id IS NULL
-- wrong
SELECT product_name FROM Products WHERE product_id NOT IN (SELECT product_id FROM Order_Items WHERE quantity > 1)
-- gold
SELECT text FROM Complaints WHERE customer_id = 1
-- right
SELECT T1.text FROM Complaints AS T1 WHERE T1.customer_id = '1'
-- wrong
SELECT text FROM Complaints WHERE complaint_id = 1
-- wrong
SELECT complaint_id FROM Complaints WHERE customer_id = 1
-- wrong
SELECT text FROM Complaints
-- wrong
SELECT T2.text FROM Customers AS T1 JOIN Complaints AS T2 ON T1.customer_id = T2.customer_id WHERE T1.first_name = 'Ada'
-- wrong
SELECT count(*) FROM Complaints WHERE customer_id = 1
