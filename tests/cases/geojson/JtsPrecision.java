// Has JTS judge polygons as QuPath (0.6 and later) does when it reads GeoJSON: every geometry goes
// through GeometryPrecisionReducer at a scale of 100, which throws on what is not valid.
//
//     apt-get install default-jre-headless libjts-java       (a JDK's `java` runs the source as it is)
//     npx tsx tests/cases/geojson/fuzzed-wkt.ts 10000 |
//       java -cp /usr/share/java/jts-core.jar tests/cases/geojson/JtsPrecision.java
//
// Prints what came out, by kind of polygon; exit status 1 where one fails. docs/geometry.md has the result.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.TreeMap;
import org.locationtech.jts.JTSVersion;
import org.locationtech.jts.geom.Geometry;
import org.locationtech.jts.geom.PrecisionModel;
import org.locationtech.jts.io.WKTReader;
import org.locationtech.jts.precision.GeometryPrecisionReducer;

class JtsPrecision {
  public static void main(String[] arguments) throws Exception {
    WKTReader wkt = new WKTReader();
    GeometryPrecisionReducer reducer = new GeometryPrecisionReducer(new PrecisionModel(100));
    TreeMap<String, Integer> polygons = new TreeMap<>();
    int invalid = 0, thrown = 0, changed = 0;
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String kind = line.substring(0, line.indexOf(' '));
      Geometry geometry = wkt.read(line.substring(kind.length() + 1));
      polygons.merge(kind, 1, Integer::sum);
      if (!geometry.isValid()) invalid++;
      try {
        Geometry reduced = reducer.reduce(geometry);
        if (!reduced.equalsTopo(geometry) || reduced.getNumGeometries() != 1) changed++;
      } catch (RuntimeException exception) {
        thrown++;
      }
    }
    System.out.println("JTS " + JTSVersion.CURRENT_VERSION + ": " + polygons
        + ", invalid " + invalid + ", thrown " + thrown + ", changed " + changed);
    System.exit(invalid + thrown + changed > 0 ? 1 : 0);
  }
}
