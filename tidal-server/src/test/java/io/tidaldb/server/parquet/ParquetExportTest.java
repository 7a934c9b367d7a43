package io.tidaldb.server.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("R-46: Exports as Parquet")
class ParquetExportTest {

    @TempDir
    Path directory;

    private static ObjectNode signal(int i) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("tenant", "18446744073709551615")
                .put("position", "r0:s0:" + i)
                .put("hlc", Long.toUnsignedString(Long.MIN_VALUE + i))
                .put("signal", i % 3 == 0 ? "view" : "like")
                .put("entity", Integer.toString(i))
                .put("weight", i / 4.0)
                .put("ts", "2026-11-21T10:00:00.123456789Z");
    }

    /** Writes a file; is also run where there is no Hadoop. */
    static final class Writes implements Consumer<Path> {

        static final int ROWS = 50_000;

        @Override
        public void accept(Path file) {
            try (ParquetExport export = ParquetExport.ofSignals(file)) {
                for (int i = 0; i < ROWS; i++) {
                    export.add(i == 7 ? signal(i).put("entity_name", "Größe \uD83D\uDE00") : signal(i));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Test
    @DisplayName("have all rows in their order, exactly")
    void rows() throws IOException {
        Path file = directory.resolve("signals.parquet");
        new Writes().accept(file);
        List<Map<String, String>> rows = ParquetRows.of(file);
        assertThat(rows).hasSize(Writes.ROWS);
        for (int i = 0; i < Writes.ROWS; i += 997) {
            assertThat(rows.get(i)).containsEntry("position", "r0:s0:" + i).doesNotContainKey("entity_name");
        }
        assertThat(rows.get(7))
                .isEqualTo(Map.of(
                        "tenant",
                        "18446744073709551615",
                        "position",
                        "r0:s0:7",
                        "hlc",
                        "9223372036854775815",
                        "signal",
                        "like",
                        "entity",
                        "7",
                        "entity_name",
                        "Größe \uD83D\uDE00",
                        "weight",
                        "1.75",
                        "ts",
                        "1795255200123456789"));
    }

    @Test
    @DisplayName("need no Hadoop when they run")
    void withoutHadoop() throws Exception {
        URL[] others = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("hadoop-"))
                .map(ParquetExportTest::url)
                .toArray(URL[]::new);
        Path file = directory.resolve("without.parquet");
        try (URLClassLoader loader = new URLClassLoader(others, ClassLoader.getPlatformClassLoader())) {
            assertThatThrownBy(() -> loader.loadClass("org.apache.hadoop.conf.Configuration"))
                    .isInstanceOf(ClassNotFoundException.class);
            Constructor<?> constructor =
                    loader.loadClass(Writes.class.getName()).getDeclaredConstructor();
            constructor.setAccessible(true);
            @SuppressWarnings("unchecked")
            Consumer<Path> writes = (Consumer<Path>) constructor.newInstance();
            writes.accept(file);
        }
        assertThat(ParquetRows.of(file)).hasSize(Writes.ROWS);
    }

    private static URL url(String entry) {
        try {
            return Path.of(entry).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new AssertionError(entry, e);
        }
    }

    @Test
    @DisplayName("are no file for any reader before they are closed")
    void unfinished() throws IOException {
        Path file = directory.resolve("unfinished.parquet");
        try (ParquetExport export = ParquetExport.ofSignals(file)) {
            export.add(signal(1));
            assertThat(export.rows()).isEqualTo(1);
            assertThat(Files.exists(file)).isTrue();
            assertThatThrownBy(() -> ParquetRows.of(file)).isInstanceOf(RuntimeException.class);
        }
        assertThat(ParquetRows.of(file)).hasSize(1);
    }
}
