package io.tidaldb.server.cli.option;

import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.importing.EntityMode;
import io.tidaldb.server.importing.EventFile;
import io.tidaldb.server.importing.FieldMap;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How an event file is to be read. */
public final class EventFileOptions {

    /** What entities are. */
    enum Entities {
        ID,
        NAME
    }

    @Option(
            names = "--map",
            paramLabel = "FIELD=COLUMN,...",
            description = "Names the columns: tenant=carrier,signal=type,entity=item,weight=quantity,ts=time.")
    @Nullable
    private String map;

    @Option(
            names = "--entities",
            paramLabel = "id|name",
            description =
                    "Whether entities are numbers or names, for the whole file (default: name with --map, else id).")
    @Nullable
    private Entities entities;

    /** Returns whether columns are mapped. */
    public boolean mapped() {
        return map != null;
    }

    /** Starts to read a file, or standard input if it is {@code -}. */
    public EventFile open(String file) throws IOException {
        FieldMap fields = fieldMap();
        if (file.equals("-")) {
            return open("standard input", System.in, fields);
        }
        Path path = Path.of(file);
        if (Files.isDirectory(path)) {
            throw CliException.usage(file + " is a directory: expected a file of events");
        }
        InputStream content = Files.newInputStream(path);
        try {
            return open(file, content, fields);
        } catch (IOException | RuntimeException e) {
            content.close();
            throw e;
        }
    }

    /** Starts to read a stream. */
    public EventFile open(String name, InputStream content, FieldMap fields) throws IOException {
        return EventFile.open(name, content, fields, mode(fields), EventFileOptions::now);
    }

    private FieldMap fieldMap() {
        return map == null ? FieldMap.NONE : FieldMap.parse(map);
    }

    private EntityMode mode(FieldMap fields) {
        if (entities != null) {
            return entities == Entities.ID ? EntityMode.ID : EntityMode.NAME;
        }
        return fields.isEmpty() ? EntityMode.BY_FIELD : EntityMode.NAME;
    }

    private static long now() {
        return io.tidaldb.core.EventTime.nanos(Instant.now());
    }
}
