// pgjdbc's part of the driver matrix: plays its steps and prints what it saw as one JSON object.
// Its argument is `same`, for the steps that must look as they do without Chaperone, or `guarded`, for masks and refusals.
// The server is named by libpq's environment variables (PGHOST, …).
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

class Program {
  interface Step {
    Object play(Connection connection) throws Exception;
  }

  static final String TYPES =
      "SELECT id, i2, i8, n, f4, f8, b, t, v, c, y, d, ti, ts, iv, j, jb, ia, ta, u, ip, r, o, bits FROM samples WHERE id >= ? ORDER BY id";

  static Connection connect(int prepareThreshold) throws SQLException {
    Map<String, String> environment = System.getenv();
    Properties properties = new Properties();
    properties.setProperty("user", environment.get("PGUSER"));
    properties.setProperty("password", environment.get("PGPASSWORD"));
    properties.setProperty("sslmode", environment.get("PGSSLMODE"));
    if (environment.containsKey("PGSSLROOTCERT")) {
      properties.setProperty("sslrootcert", environment.get("PGSSLROOTCERT"));
    }
    properties.setProperty("prepareThreshold", String.valueOf(prepareThreshold));
    String target = environment.get("PGHOST") + ":" + environment.get("PGPORT") + "/" + environment.get("PGDATABASE");
    return DriverManager.getConnection("jdbc:postgresql://" + target, properties);
  }

  static Object attempt(Connection connection, Step step) {
    try {
      return step.play(connection);
    } catch (PSQLException error) {
      ServerErrorMessage server = error.getServerErrorMessage();
      return server == null
          ? List.of("driver", error.getSQLState(), error.getMessage())
          : List.of(String.valueOf(error.getSQLState()), String.valueOf(server.getMessage()), server.getPosition());
    } catch (Exception error) {
      return List.of(error.getClass().getName(), String.valueOf(error.getMessage()));
    }
  }

  static List<Object> rows(ResultSet found) throws SQLException {
    List<Object> rows = new ArrayList<>();
    int columns = found.getMetaData().getColumnCount();
    while (found.next()) {
      List<Object> row = new ArrayList<>();
      for (int column = 1; column <= columns; column++) row.add(value(found, column));
      rows.add(row);
    }
    return rows;
  }

  static Object value(ResultSet found, int column) throws SQLException {
    if (!found.getMetaData().getColumnTypeName(column).equals("bytea")) return found.getString(column);
    byte[] bytes = found.getBytes(column);
    return bytes == null ? null : HexFormat.of().formatHex(bytes);
  }

  static List<Object> query(Connection connection, String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int index = 0; index < values.length; index++) statement.setObject(index + 1, values[index]);
      return rows(statement.executeQuery());
    }
  }

  /** Past the fifth execution pgjdbc names the statement on the server, and reads in binary what it can. */
  static Object types(Connection connection) throws SQLException {
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(TYPES)) {
      for (int round = 0; round < 8; round++) {
        statement.setInt(1, 1);
        seen.add(rows(statement.executeQuery()));
      }
    }
    return seen;
  }

  static Object transactions(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try {
      connection.createStatement().execute("INSERT INTO notes VALUES (3, 'three')");
      var savepoint = connection.setSavepoint();
      Object duplicate = attempt(connection, (c) -> c.createStatement().execute("INSERT INTO notes VALUES (1, 'again')"));
      Object aborted = attempt(connection, (c) -> query(c, "SELECT 1"));
      connection.rollback(savepoint);
      connection.commit();
      return List.of(duplicate, aborted, query(connection, "SELECT * FROM notes ORDER BY id"));
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  static Object errors(Connection connection) {
    List<Object> seen = new ArrayList<>();
    for (String sql : List.of("selct 1", "SELECT nothing FROM notes", "SELECT 1/0", "INSERT INTO notes VALUES (1, 'dup')")) {
      seen.add(attempt(connection, (c) -> c.createStatement().execute(sql)));
      seen.add(attempt(connection, (c) -> query(c, sql)));
      seen.add(attempt(connection, (c) -> query(c, "SELECT 1")));
    }
    return seen;
  }

  static Object batches(Connection connection) throws SQLException {
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement("INSERT INTO notes VALUES (?, ?)")) {
      for (int id = 100; id < 400; id++) {
        statement.setInt(1, id);
        statement.setString(2, "note " + id);
        statement.addBatch();
      }
      seen.add(statement.executeBatch().length);
      for (int id : new int[] {500, 1, 501}) {
        statement.setInt(1, id);
        statement.setString(2, "again");
        statement.addBatch();
      }
      try {
        statement.executeBatch();
      } catch (BatchUpdateException error) {
        seen.add(error.getSQLState());
      }
    }
    seen.add(query(connection, "SELECT count(*) FROM notes"));
    return seen;
  }

  static Object copy(Connection connection) throws Exception {
    var manager = connection.unwrap(PGConnection.class).getCopyAPI();
    long in = manager.copyIn("COPY notes FROM STDIN (FORMAT csv)", new StringReader("10,\"ten, or so\"\n11,\n"));
    StringWriter out = new StringWriter();
    long count = manager.copyOut("COPY (SELECT id, body FROM notes ORDER BY id) TO STDOUT", out);
    Object bad = attempt(connection, (c) -> manager.copyIn("COPY notes FROM STDIN", new StringReader("x\ty\n")));
    return List.of(in, out.toString(), count, bad, query(connection, "SELECT 1"));
  }

  static Object cursors(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement("SELECT id, body FROM numbers ORDER BY id")) {
      statement.setFetchSize(97);
      List<Object> all = rows(statement.executeQuery());
      return List.of(all.size(), all.get(0), all.get(all.size() - 1));
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  static Object metadata(Connection connection) throws SQLException {
    DatabaseMetaData metadata = connection.getMetaData();
    return List.of(
        rows(metadata.getTables(null, "public", "%", new String[] {"TABLE"})),
        rows(metadata.getColumns(null, "public", "samples", "%")),
        rows(metadata.getPrimaryKeys(null, "public", "notes")),
        rows(metadata.getImportedKeys(null, "public", "deferred")),
        rows(metadata.getIndexInfo(null, "public", "notes", false, true)),
        rows(metadata.getSchemas()));
  }

  static Object cancelled(Connection connection) throws SQLException {
    try (var statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      Object seen = attempt(connection, (c) -> statement.execute("SELECT pg_sleep(20)"));
      return List.of(seen, query(connection, "SELECT 1"));
    }
  }

  static Object big(Connection connection) throws SQLException {
    String sql = "SELECT n, repeat(md5(n::text), 100) FROM generate_series(1, ?) n";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, 5000);
      ResultSet found = statement.executeQuery();
      long count = 0;
      long size = 0;
      while (found.next()) {
        count++;
        size += found.getString(2).length();
      }
      return List.of(count, size);
    }
  }

  static Object listen(Connection connection) throws SQLException {
    connection.createStatement().execute("LISTEN news");
    connection.createStatement().execute("NOTIFY news, 'hello'");
    var heard = connection.unwrap(PGConnection.class).getNotifications(10_000);
    return List.of(heard[0].getName(), heard[0].getParameter());
  }

  static Object reconnect(Connection ignored) throws SQLException {
    List<Object> seen = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      try (Connection connection = connect(1)) {
        seen.add(query(connection, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'mine'"));
        connection.createStatement().execute("PREPARE mine AS SELECT 1");
      }
    }
    return seen;
  }

  static Object refused(Connection connection) {
    List<Object> seen = new ArrayList<>();
    for (int round = 0; round < 7; round++) {
      seen.add(attempt(connection, (c) -> query(c, "TRUNCATE notes")));
      seen.add(attempt(connection, (c) -> query(c, "SELECT 1")));
    }
    return seen;
  }

  static Object masked(Connection connection) throws SQLException {
    List<Object> seen = new ArrayList<>();
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT ssn, card, name, birthday FROM customers WHERE id = ?")) {
      for (int round = 0; round < 8; round++) {
        statement.setInt(1, 1);
        seen.add(rows(statement.executeQuery()));
      }
    }
    return seen;
  }

  static Map<String, Step> steps(String which) {
    Map<String, Step> steps = new LinkedHashMap<>();
    if (which.equals("guarded")) {
      steps.put("refused", Program::refused);
      steps.put("masked", Program::masked);
      return steps;
    }
    steps.put("types", Program::types);
    steps.put("transactions", Program::transactions);
    steps.put("errors", Program::errors);
    steps.put("batches", Program::batches);
    steps.put("copy", Program::copy);
    steps.put("cursors", Program::cursors);
    steps.put("metadata", Program::metadata);
    steps.put("cancelled", Program::cancelled);
    steps.put("big", Program::big);
    steps.put("listen", Program::listen);
    steps.put("reconnect", Program::reconnect);
    return steps;
  }

  static String json(Object value) {
    if (value == null) return "null";
    if (value instanceof Number || value instanceof Boolean) return value.toString();
    if (value instanceof List<?> list) return "[" + String.join(",", list.stream().map(Program::json).toList()) + "]";
    StringBuilder quoted = new StringBuilder("\"");
    for (char character : value.toString().toCharArray()) {
      if (character == '"' || character == '\\') quoted.append('\\').append(character);
      else if (character < ' ') quoted.append(String.format("\\u%04x", (int) character));
      else quoted.append(character);
    }
    return quoted.append('"').toString();
  }

  public static void main(String[] arguments) throws SQLException {
    List<String> seen = new ArrayList<>();
    try (Connection connection = connect(5)) {
      steps(arguments[0]).forEach((name, step) -> seen.add(json(name) + ":" + json(attempt(connection, step))));
    }
    byte[] output = ("{" + String.join(",", seen) + "}").getBytes(StandardCharsets.UTF_8);
    System.out.write(output, 0, output.length);
    System.out.flush();
  }
}
