package io.tidaldb.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** One table of {@link Performance}, in a process of its own. */
final class TableProcess {

    private TableProcess() {}

    public static void main(String[] args) throws Exception {
        Options options = Options.parse(
                args,
                Map.of(
                        "--table", "",
                        "--rounds", "",
                        "--seconds", "",
                        "--dir", "",
                        "--tidal", "",
                        "--quick", "",
                        "--markdown", "",
                        "--json", "",
                        "--plot", ""));
        Path directory = Path.of(options.text("--dir"));
        Table table = Tables.of(
                options.text("--table"), options.text("--tidal"), Boolean.parseBoolean(options.text("--quick")));
        table.run(directory.resolve(options.text("--table")), options.number("--rounds"), options.seconds("--seconds"));
        Files.writeString(Path.of(options.text("--markdown")), table.markdown());
        new ObjectMapper().writeValue(Path.of(options.text("--json")).toFile(), table.json());
        if (table.isPlotted()) {
            GrowthPlot.write(table.outcomes(), Path.of(options.text("--plot")));
        }
        // Some peers leave threads behind.
        System.exit(0);
    }
}
