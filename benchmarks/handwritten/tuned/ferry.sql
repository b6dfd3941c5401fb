-- context
CREATE TABLE ferry_lines (uid INTEGER PRIMARY KEY, LineName TEXT, Abbreviation TEXT, Country TEXT);
CREATE TABLE harbours (Town TEXT, HarbourCode TEXT PRIMARY KEY, HarbourName TEXT, Country TEXT, CountryAbbrev TEXT);
CREATE TABLE sailings (Line INTEGER, SailNo INTEGER, FromHarbour TEXT, ToHarbour TEXT, PRIMARY KEY(Line, SailNo), FOREIGN KEY (FromHarbour) REFERENCES harbours(HarbourCode), FOREIGN KEY (ToHarbour) REFERENCES harbours(HarbourCode));
INSERT INTO ferry_lines VALUES (1,'Blue Fjord Line','Fjord','Norway'),(2,'Kattegat Express','Kattegat','Denmark'),(3,'Sound Shuttle','Shuttle','Denmark'),(4,'Baltic Swan','Swan','Estonia'),(5,'Isles Ferries','Isles','UK'),(6,'North Star','NStar','Norway'),(7,'Clyde Lines','Clyde','UK'),(8,'Amber Way','Amber','Lithuania');
INSERT INTO harbours VALUES ('Bergen ','BGO','Bergen Skolten','Norway ','NO '),('Oslo ','OSL','Oslo Vippetangen','Norway ','NO '),('Aarhus ','AAR','Aarhus Havn','Denmark ','DK '),('Grenaa','GRE','Grenaa Ferry Port','Denmark','DK'),('Tallinn','TLL','Tallinn D-Terminal','Estonia','EE'),('Oban','OBN','Oban Pier','UK','GB'),('Craignure','CRA','Craignure Pier','UK','GB'),('Klaipeda','KLA','Klaipeda Central','Lithuania','LT'),('Bergen','BGN','Bergen North','Norway','NO'),('Gourock','GOU','Gourock Pier','UK','GB');
INSERT INTO sailings VALUES (1,28,' BGO',' OSL'),(1,29,' OSL',' BGO'),(1,44,' BGO',' AAR'),(1,45,' AAR',' BGO'),(2,12,' AAR',' OSL'),(2,13,' OSL',' AAR'),(2,54,' GRE',' OSL'),(3,1,' GRE',' AAR'),(3,2,' AAR',' GRE'),(4,7,' TLL',' KLA'),(4,8,' KLA',' TLL'),(5,3,' OBN',' CRA'),(5,4,' CRA',' OBN'),(5,9,' OBN',' GOU'),(7,10,' GOU',' OBN'),(7,11,' GOU',' CRA'),(2,60,' AAR',' GRE'),(5,21,' CRA',' GOU');
-- gold
SELECT COUNT(*) FROM ferry_lines WHERE Country = "Norway"
-- right
SELECT count(uid) FROM ferry_lines WHERE Country = 'Norway'
-- right
select count(*) from ferry_lines as T1 where T1.Country = "Norway"
-- wrong
select count(*) from ferry_lines where Country = "norway"
-- wrong
select count(*) from ferry_lines where Country like "%Norway%"
-- right
select count(distinct LineName) from ferry_lines where Country = "Norway"
-- wrong
select count(*) from harbours where Country = "Norway"
-- wrong
SELECT COUNT(Country) FROM ferry_lines
-- gold
SELECT HarbourName FROM harbours WHERE HarbourCode = "OBN"
-- right
SELECT harbours.HarbourName FROM harbours WHERE harbours.HarbourCode = 'OBN'
-- wrong
SELECT Town FROM harbours WHERE HarbourCode = "OBN"
-- wrong
SELECT HarbourName FROM harbours WHERE HarbourCode = " OBN"
-- wrong
SELECT HarbourName, Town FROM harbours WHERE HarbourCode = "OBN"
-- wrong
SELECT HarbourName FROM harbours WHERE Town = "OBN"
-- wrong
SELECT T1.HarbourName FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.FromHarbour WHERE T1.HarbourCode = "OBN"
-- gold
SELECT count(*) FROM sailings AS T1 JOIN harbours AS T2 ON T1.ToHarbour = T2.HarbourCode WHERE T2.Town = "Oslo"
-- right
SELECT count(*) FROM sailings WHERE ToHarbour IN (SELECT HarbourCode FROM harbours WHERE Town = "Oslo")
-- right
SELECT count(*) FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.ToHarbour WHERE T1.Town = 'Oslo'
-- wrong
SELECT count(*) FROM sailings AS T1 JOIN harbours AS T2 ON T1.FromHarbour = T2.HarbourCode WHERE T2.Town = "Oslo"
-- wrong
SELECT count(*) FROM sailings AS T1 JOIN harbours AS T2 ON T1.ToHarbour = T2.HarbourCode WHERE T2.HarbourName = "Oslo"
-- wrong
SELECT count(*) FROM sailings AS T1 JOIN harbours AS T2 ON T1.ToHarbour = T2.HarbourCode JOIN ferry_lines AS T3 ON T1.Line = T3.uid WHERE T2.Town = "Oslo"
-- right
SELECT count(DISTINCT T1.Line) FROM sailings AS T1 JOIN harbours AS T2 ON T1.ToHarbour = T2.HarbourCode WHERE T2.Town = "Oslo"
-- wrong
SELECT count(*) FROM sailings AS T1 JOIN harbours AS T2 ON T1.ToHarbour = T2.HarbourCode WHERE T2.Town = "Oslo "
-- right
SELECT count(*) FROM sailings AS T1 LEFT JOIN harbours AS T2 ON T1.ToHarbour = T2.HarbourCode WHERE T2.Town = "Oslo"
-- gold
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "AAR" INTERSECT SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "OSL"
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "AAR" AND T2.FromHarbour = "OSL"
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "AAR" OR T2.FromHarbour = "OSL"
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "AAR" INTERSECT SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.ToHarbour = "OSL"
-- wrong
SELECT LineName FROM ferry_lines WHERE uid IN (SELECT Line FROM sailings WHERE FromHarbour = "AAR") AND uid IN (SELECT Line FROM sailings WHERE FromHarbour = "OSL")
-- right
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "OSL" INTERSECT SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "AAR"
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line WHERE T2.FromHarbour = "AAR"
-- gold
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T2.Line ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.uid ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName ORDER BY count(*) LIMIT 1
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.SailNo GROUP BY T1.LineName ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT LineName FROM ferry_lines GROUP BY LineName ORDER BY count(*) DESC LIMIT 1
-- right
SELECT T2.LineName FROM sailings AS T1 JOIN ferry_lines AS T2 ON T1.Line = T2.uid GROUP BY T2.LineName ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.LineName, count(*) FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName ORDER BY count(*) DESC LIMIT 1
-- gold
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName HAVING count(*) > 3
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T2.Line HAVING count(*) > 3
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName HAVING count(*) >= 3
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName HAVING count(*) < 3
-- wrong
SELECT LineName FROM ferry_lines WHERE uid IN (SELECT Line FROM sailings GROUP BY Line HAVING count(*) > 3)
-- right
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName HAVING count(T2.SailNo) > 3
-- wrong
SELECT T1.LineName FROM ferry_lines AS T1 JOIN sailings AS T2 ON T1.uid = T2.Line GROUP BY T1.LineName HAVING count(*) > 4
-- gold
SELECT T1.Town FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.ToHarbour OR T1.HarbourCode = T2.FromHarbour GROUP BY T1.Town ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Town FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.ToHarbour GROUP BY T1.Town ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Town FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.FromHarbour GROUP BY T1.Town ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Town FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.ToHarbour AND T1.HarbourCode = T2.FromHarbour GROUP BY T1.Town ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT T1.Town FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.ToHarbour OR T1.HarbourCode = T2.FromHarbour GROUP BY T1.HarbourCode ORDER BY count(*) DESC LIMIT 1
-- wrong
SELECT Town FROM harbours GROUP BY Town ORDER BY count(*) DESC LIMIT 1
-- gold
SELECT HarbourName FROM harbours WHERE HarbourCode NOT IN (SELECT FromHarbour FROM sailings UNION SELECT ToHarbour FROM sailings)
-- wrong
SELECT HarbourName FROM harbours WHERE HarbourCode NOT IN (SELECT FromHarbour FROM sailings)
-- right
SELECT HarbourName FROM harbours WHERE HarbourCode NOT IN (SELECT FromHarbour FROM sailings) AND HarbourCode NOT IN (SELECT ToHarbour FROM sailings)
-- wrong
SELECT HarbourName FROM harbours WHERE HarbourCode NOT IN (SELECT FromHarbour FROM sailings INTERSECT SELECT ToHarbour FROM sailings)
-- wrong
SELECT HarbourName FROM harbours WHERE HarbourCode NOT IN (SELECT FromHarbour FROM sailings) OR HarbourCode NOT IN (SELECT ToHarbour FROM sailings)
-- wrong
SELECT HarbourName FROM harbours EXCEPT SELECT T1.HarbourName FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.FromHarbour OR T1.HarbourCode = T2.ToHarbour
-- wrong
SELECT T1.HarbourName FROM harbours AS T1 JOIN sailings AS T2 ON T1.HarbourCode = T2.FromHarbour
-- gold
SELECT LineName, Abbreviation FROM ferry_lines WHERE Country = "UK" ORDER BY LineName
-- right
SELECT Abbreviation, LineName FROM ferry_lines WHERE Country = "UK" ORDER BY LineName ASC
-- wrong
SELECT LineName, Abbreviation FROM ferry_lines WHERE Country = "UK" ORDER BY LineName DESC
-- wrong
SELECT LineName, Abbreviation FROM ferry_lines WHERE Country = "UK"
-- wrong
SELECT LineName, Abbreviation FROM ferry_lines WHERE Country = "UK" ORDER BY Abbreviation
-- wrong
SELECT LineName, Country FROM ferry_lines WHERE Country = "UK" ORDER BY LineName
-- wrong
SELECT LineName, Abbreviation FROM ferry_lines WHERE Country = "Uk" ORDER BY LineName
-- wrong
SELECT LineName, Abbreviation FROM ferry_lines ORDER BY LineName
-- gold
SELECT T1.SailNo FROM sailings AS T1 JOIN ferry_lines AS T2 ON T2.uid = T1.Line WHERE T2.LineName = "Sound Shuttle"
-- wrong
SELECT SailNo FROM sailings WHERE Line = (SELECT uid FROM ferry_lines WHERE LineName = "Sound Shuttle") AND 1 = 1
-- right
SELECT SailNo FROM sailings WHERE Line IN (SELECT uid FROM ferry_lines WHERE LineName = "Sound Shuttle")
-- wrong
SELECT T1.SailNo FROM sailings AS T1 JOIN ferry_lines AS T2 ON T2.uid = T1.Line WHERE T2.Abbreviation = "Sound Shuttle"
-- right
SELECT T1.SailNo FROM sailings AS T1 JOIN ferry_lines AS T2 ON T2.uid = T1.Line WHERE T2.LineName LIKE "Sound Shuttle"
-- wrong
SELECT T1.Line FROM sailings AS T1 JOIN ferry_lines AS T2 ON T2.uid = T1.Line WHERE T2.LineName = "Sound Shuttle"
-- wrong
SELECT T1.SailNo FROM sailings AS T1 JOIN ferry_lines AS T2 ON T2.uid = T1.SailNo WHERE T2.LineName = "Sound Shuttle"
-- wrong
SELECT T1.SailNo FROM sailings AS T1 JOIN ferry_lines AS T2 WHERE T2.LineName = "Sound Shuttle"
