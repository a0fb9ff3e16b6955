// pgjdbc's part of what is played where nothing comes for longer than a session may be idle: all steps at once, each on a
// connection of its own. Prints what it saw as one JSON object. The server is named by libpq's environment variables.
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.postgresql.PGConnection;

class Quiet {
  interface Step {
    String play(Connection connection) throws Exception;
  }

  static final int SILENCE = 6_500;
  static final String SLEEPS = "SELECT pg_sleep(6.5) IS NULL AS slept, ?::int4";

  /** The server sends what fills its buffer of 8 KiB: it falls silent within the first row. */
  static final String WITHIN_A_ROW =
      "SELECT n, repeat(md5(n::text), 300), CASE WHEN n = 2 THEN pg_sleep(6.5) IS NULL END FROM generate_series(1, 3) n";

  static Connection connect(String mode) throws SQLException {
    Map<String, String> environment = System.getenv();
    Properties properties = new Properties();
    properties.setProperty("user", environment.get("PGUSER"));
    properties.setProperty("password", environment.get("PGPASSWORD"));
    properties.setProperty("sslmode", environment.get("PGSSLMODE"));
    if (environment.containsKey("PGSSLROOTCERT")) {
      properties.setProperty("sslrootcert", environment.get("PGSSLROOTCERT"));
    }
    properties.setProperty("preferQueryMode", mode);
    properties.setProperty("prepareThreshold", "1");
    String target = environment.get("PGHOST") + ":" + environment.get("PGPORT") + "/" + environment.get("PGDATABASE");
    return DriverManager.getConnection("jdbc:postgresql://" + target, properties);
  }

  static String rows(ResultSet found) throws SQLException {
    List<String> rows = new ArrayList<>();
    while (found.next()) {
      List<String> row = new ArrayList<>();
      for (int column = 1; column <= found.getMetaData().getColumnCount(); column++) row.add(found.getString(column));
      rows.add(row.toString());
    }
    return rows.toString();
  }

  static String statement(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(SLEEPS)) {
      statement.setInt(1, 7);
      return rows(statement.executeQuery());
    }
  }

  static String result(Connection connection) throws SQLException {
    return rows(connection.createStatement().executeQuery(WITHIN_A_ROW));
  }

  static String copyOut(Connection connection) throws Exception {
    StringWriter out = new StringWriter();
    long count = connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (" + WITHIN_A_ROW + ") TO STDOUT", out);
    return count + out.toString();
  }

  /** The second read comes late. */
  static String copyIn(Connection connection) throws Exception {
    InputStream source = new InputStream() {
      private int id = 2000;

      @Override
      public int read() {
        throw new UnsupportedOperationException();
      }

      @Override
      public int read(byte[] bytes, int from, int length) {
        id++;
        if (id == 2002) sleep(SILENCE);
        if (id == 2004) return -1;
        byte[] line = (id + "\tlate\n").getBytes(StandardCharsets.UTF_8);
        System.arraycopy(line, 0, bytes, from, line.length);
        return line.length;
      }
    };
    return String.valueOf(connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY notes FROM STDIN", source, 100));
  }

  static String batch(Connection connection) throws SQLException {
    String sql = "INSERT INTO notes SELECT ?, CASE WHEN ? = 2011 THEN pg_sleep(6.5)::text END";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int id = 2010; id < 2013; id++) {
        statement.setInt(1, id);
        statement.setInt(2, id);
        statement.addBatch();
      }
      return String.valueOf(statement.executeBatch().length);
    }
  }

  static String cursor(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement(WITHIN_A_ROW)) {
      statement.setFetchSize(1);
      String seen = rows(statement.executeQuery());
      connection.commit();
      return seen;
    }
  }

  /** Somebody speaks now and then, for longer than a session may be idle. */
  static String listens(Connection connection) throws SQLException {
    connection.createStatement().execute("LISTEN quiet");
    List<String> heard = new ArrayList<>();
    try (Connection speaker = connect("extended")) {
      for (int number = 0; number < 7; number++) {
        speaker.createStatement().execute("NOTIFY quiet, '" + number + "'");
        heard.add(connection.unwrap(PGConnection.class).getNotifications(10_000)[0].getParameter());
        sleep(SILENCE / 7);
      }
    }
    return heard.toString();
  }

  static String waits(Connection connection) throws SQLException {
    connection.createStatement().execute("LISTEN nobody");
    var heard = connection.unwrap(PGConnection.class).getNotifications(SILENCE);
    return heard == null ? "nothing" : String.valueOf(heard.length);
  }

  static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException error) {
      throw new IllegalStateException(error);
    }
  }

  static String alone(String mode, Step step) {
    try (Connection connection = connect(mode)) {
      return step.play(connection);
    } catch (SQLException error) {
      return error.getSQLState() + " " + error.getMessage();
    } catch (Exception error) {
      return String.valueOf(error);
    }
  }

  static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\t", "\\t") + '"';
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, Step> steps = new LinkedHashMap<>();
    steps.put("statement", Quiet::statement);
    steps.put("result", Quiet::result);
    steps.put("copy out", Quiet::copyOut);
    steps.put("copy in", Quiet::copyIn);
    steps.put("batch", Quiet::batch);
    steps.put("cursor", Quiet::cursor);
    steps.put("listen", Quiet::listens);
    steps.put("waits", Quiet::waits);
    var pool = Executors.newCachedThreadPool();
    Map<String, Future<String>> playing = new LinkedHashMap<>();
    steps.forEach((name, step) -> playing.put(name, pool.submit(() -> alone("extended", step))));
    playing.put("simple statement", pool.submit(() -> alone("simple", Quiet::statement)));
    playing.put("simple result", pool.submit(() -> alone("simple", Quiet::result)));
    List<String> seen = new ArrayList<>();
    for (var one : playing.entrySet()) seen.add(quoted(one.getKey()) + ":" + quoted(one.getValue().get()));
    pool.shutdown();
    System.out.println("{" + String.join(",", seen) + "}");
  }
}
