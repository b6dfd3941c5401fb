-- context
create table Player(ID int primary key, name text, level int);
create table Knows(player_id int, friend_id int, primary key (player_id,friend_id), foreign key(player_id) references Player(ID), foreign key (friend_id) references Player(ID));
create table Admires(player_id int, admired_id int, primary key (player_id, admired_id), foreign key (admired_id) references Player(ID), foreign key (player_id) references Player(ID));
insert into Player values (1510,'Jordan',9);
insert into Player values (1689,'Gabi',9);
insert into Player values (1381,'Tiffy',9);
insert into Player values (1709,'Cass',9);
insert into Player values (1101,'Haley',10);
insert into Player values (1782,'Andrew',10);
insert into Player values (1468,'Kris',10);
insert into Player values (1641,'Brittany',10);
insert into Player values (1247,'Alexis',11);
insert into Player values (1316,'Austin',11);
insert into Player values (1911,'Gabi',11);
insert into Player values (1501,'Jessica',11);
insert into Player values (1304,'Jordan',12);
insert into Player values (1025,'John',12);
insert into Player values (1934,'Kyle',12);
insert into Player values (1661,'Logan',12);
insert into Knows values (1510,1381),(1510,1689),(1689,1709),(1381,1247),(1709,1247),(1689,1782),(1782,1468),(1782,1316),(1782,1304),(1468,1101),(1468,1641),(1101,1641),(1247,1911),(1247,1501),(1911,1501),(1501,1934),(1316,1934),(1934,1304),(1304,1661),(1661,1025);
insert into Admires values (1689,1709),(1709,1689),(1782,1709),(1911,1247),(1247,1468),(1641,1468),(1316,1304),(1501,1934),(1934,1501),(1025,1101);
-- gold
SELECT level FROM Player GROUP BY level ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT level FROM Player GROUP BY level ORDER BY count(*) LIMIT 1
-- wrong
SELECT level, count(*) FROM Player GROUP BY level ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT max(level) FROM Player
-- right
SELECT level FROM Player GROUP BY level ORDER BY count(ID) DESC LIMIT 1
-- right
SELECT level FROM Player GROUP BY level ORDER BY count(DISTINCT name) DESC LIMIT 1
-- wrong
SELECT level FROM Player GROUP BY level ORDER BY sum(level) DESC LIMIT 1
-- gold
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID GROUP BY T1.player_id ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T1.name FROM Player AS T1 JOIN Knows AS T2 ON T1.ID = T2.player_id GROUP BY T1.ID ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.name FROM Player AS T1 JOIN Knows AS T2 ON T1.ID = T2.player_id GROUP BY T1.name ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.friend_id = T2.ID GROUP BY T1.friend_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T2.name FROM Admires AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID GROUP BY T1.player_id ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT name FROM Player WHERE ID = (SELECT player_id FROM Knows GROUP BY friend_id ORDER BY count(*) DESC LIMIT 1)
-- right
SELECT name FROM Player WHERE ID IN (SELECT player_id FROM Knows GROUP BY player_id ORDER BY count(*) DESC LIMIT 1)
-- wrong
SELECT T1.name FROM Player AS T1 JOIN Knows AS T2 ON T1.ID = T2.player_id GROUP BY T1.ID ORDER BY sum(T2.friend_id) DESC LIMIT 1
-- gold
SELECT T3.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID JOIN Player AS T3 ON T1.friend_id = T3.ID WHERE T2.name = "Kyle"
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID JOIN Player AS T3 ON T1.friend_id = T3.ID WHERE T2.name = "Kyle"
-- wrong
SELECT T3.name FROM Knows AS T1 JOIN Player AS T2 ON T1.friend_id = T2.ID JOIN Player AS T3 ON T1.player_id = T3.ID WHERE T2.name = "Kyle"
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.friend_id = T2.ID WHERE T2.name = "Kyle"
-- wrong
SELECT name FROM Player WHERE ID IN (SELECT friend_id FROM Knows WHERE player_id = (SELECT ID FROM Player WHERE name = "Kyle"))
-- wrong
SELECT name FROM Player WHERE ID IN (SELECT T1.friend_id FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.name = "Kyle")
-- right
SELECT T1.name FROM Player AS T1 JOIN Knows AS T2 ON T1.ID = T2.friend_id JOIN Player AS T3 ON T2.player_id = T3.ID WHERE T3.name = 'Kyle'
-- wrong
SELECT T3.name FROM Admires AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID JOIN Player AS T3 ON T1.admired_id = T3.ID WHERE T2.name = "Kyle"
-- gold
SELECT ID FROM Player EXCEPT SELECT player_id FROM Knows
-- right
SELECT ID FROM Player WHERE ID NOT IN (SELECT player_id FROM Knows)
-- wrong
SELECT ID FROM Player WHERE ID NOT IN (SELECT friend_id FROM Knows)
-- wrong
SELECT ID FROM Player EXCEPT SELECT player_id FROM Admires
-- wrong
SELECT name FROM Player WHERE ID NOT IN (SELECT player_id FROM Knows)
-- right
SELECT T1.ID FROM Player AS T1 LEFT JOIN Knows AS T2 ON T1.ID = T2.player_id WHERE T2.player_id IS NULL
-- wrong
SELECT ID FROM Player INTERSECT SELECT player_id FROM Knows
-- gold
SELECT name FROM Player EXCEPT SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID
-- wrong
SELECT name FROM Player WHERE ID NOT IN (SELECT player_id FROM Knows)
-- wrong
SELECT DISTINCT name FROM Player WHERE ID NOT IN (SELECT player_id FROM Knows)
-- wrong
SELECT name FROM Player EXCEPT SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.friend_id = T2.ID
-- wrong
SELECT name FROM Player
-- right
SELECT name FROM Player EXCEPT SELECT name FROM Player WHERE ID IN (SELECT player_id FROM Knows)
-- gold
SELECT player_id FROM Knows INTERSECT SELECT admired_id FROM Admires
-- wrong
SELECT T1.player_id FROM Knows AS T1 JOIN Admires AS T2 ON T1.player_id = T2.admired_id
-- wrong
SELECT player_id FROM Knows WHERE player_id IN (SELECT admired_id FROM Admires)
-- wrong
SELECT player_id FROM Knows INTERSECT SELECT player_id FROM Admires
-- wrong
SELECT friend_id FROM Knows INTERSECT SELECT admired_id FROM Admires
-- right
SELECT admired_id FROM Admires INTERSECT SELECT player_id FROM Knows
-- wrong
SELECT player_id FROM Knows UNION SELECT admired_id FROM Admires
-- right
SELECT ID FROM Player WHERE ID IN (SELECT player_id FROM Knows) AND ID IN (SELECT admired_id FROM Admires)
-- gold
SELECT count(*) FROM Admires AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.name = "Kyle"
-- wrong
SELECT count(*) FROM Admires AS T1 JOIN Player AS T2 ON T1.admired_id = T2.ID WHERE T2.name = "Kyle"
-- right
SELECT count(T1.admired_id) FROM Admires AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.name = "Kyle"
-- wrong
SELECT count(*) FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.name = "Kyle"
-- wrong
SELECT count(*) FROM Player WHERE name = "Kyle"
-- right
SELECT count(*) FROM Admires WHERE player_id IN (SELECT ID FROM Player WHERE name = "Kyle")
-- wrong
SELECT count(DISTINCT T1.player_id) FROM Admires AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.name = "kyle"
-- gold
SELECT avg(level) FROM Player WHERE ID IN (SELECT T1.player_id FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID)
-- right
SELECT avg(level) FROM Player WHERE ID IN (SELECT player_id FROM Knows)
-- wrong
SELECT avg(T2.level) FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID
-- wrong
SELECT avg(level) FROM Player
-- wrong
SELECT avg(level) FROM Player WHERE ID IN (SELECT friend_id FROM Knows)
-- wrong
SELECT sum(level) / count(*) FROM Player WHERE ID IN (SELECT player_id FROM Knows)
-- right
SELECT avg(DISTINCT level) FROM Player WHERE ID IN (SELECT player_id FROM Knows)
-- gold
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.level > 5 GROUP BY T1.player_id HAVING count(*) >= 2
-- right
SELECT T1.name FROM Player AS T1 JOIN Knows AS T2 ON T1.ID = T2.player_id WHERE T1.level > 5 GROUP BY T1.ID HAVING count(*) >= 2
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.level > 5 GROUP BY T1.player_id HAVING count(*) > 2
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.level >= 5 GROUP BY T1.player_id HAVING count(*) >= 2
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID WHERE T2.level > 5 GROUP BY T2.name HAVING count(*) >= 2
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID GROUP BY T1.player_id HAVING count(*) >= 2
-- wrong
SELECT T2.name FROM Knows AS T1 JOIN Player AS T2 ON T1.friend_id = T2.ID WHERE T2.level > 5 GROUP BY T1.friend_id HAVING count(*) >= 2
-- wrong
SELECT name FROM Player WHERE level > 5 AND ID IN (SELECT player_id FROM Knows GROUP BY player_id HAVING count(*) >= 3)
-- right
SELECT name FROM Player WHERE level > 5 AND ID IN (SELECT player_id FROM Knows GROUP BY player_id HAVING count(*) >= 2)
-- gold
SELECT min(level) FROM Player WHERE ID NOT IN (SELECT T1.player_id FROM Knows AS T1 JOIN Player AS T2 ON T1.player_id = T2.ID)
-- right
SELECT min(level) FROM Player WHERE ID NOT IN (SELECT player_id FROM Knows)
-- wrong
SELECT max(level) FROM Player WHERE ID NOT IN (SELECT player_id FROM Knows)
-- wrong
SELECT min(level) FROM Player WHERE ID IN (SELECT player_id FROM Knows)
-- wrong
SELECT min(level) FROM Player
-- wrong
SELECT level FROM Player WHERE ID NOT IN (SELECT player_id FROM Knows) ORDER BY level LIMIT 1
-- gold
SELECT count(*) FROM Player WHERE level = 9 OR level = 10
-- right
SELECT count(*) FROM Player WHERE level IN (9, 10)
-- wrong
SELECT count(*) FROM Player WHERE level = 9 AND level = 10
-- right
SELECT count(*) FROM Player WHERE level BETWEEN 9 AND 10
-- wrong
SELECT count(*) FROM Player WHERE level >= 9
-- right
SELECT count(DISTINCT name) FROM Player WHERE level = 9 OR level = 10
-- wrong
SELECT count(*) FROM Player WHERE level = 9
-- wrong
SELECT count(*) FROM Player WHERE level = 9 OR level = 11
-- gold
SELECT name, level FROM Player WHERE name = "Jordan"
-- wrong
SELECT name, level FROM Player WHERE name LIKE "%Jordan%"
-- wrong
SELECT name, level FROM Player WHERE name = "jordan"
-- wrong
SELECT name, ID FROM Player WHERE name = "Jordan"
-- right
SELECT level, name FROM Player WHERE name = 'Jordan'
-- wrong
SELECT level FROM Player WHERE name = "Jordan"
-- wrong
SELECT name, level FROM Player WHERE name = "Jordan" LIMIT 1
