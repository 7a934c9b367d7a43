package com.example.changestore;

import io.tidaldb.core.BackupSource;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.backup.BackupPoint;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Copies all tenants of a data directory into a new one with another log store, which is named and may be any plugin on the class path: each
 * tenant is backed up and restored, and compared. The old directory stays as it is; point the application at the new one when this is done.
 */
public final class ChangeStore {

    private ChangeStore() {}

    /** Takes the old directory, the new one, and the name of the new one's log store. */
    public static void main(String[] args) throws IOException {
        if (args.length != 3) {
            System.err.println("usage: ChangeStore OLD-DIRECTORY NEW-DIRECTORY STORE");
            System.exit(2);
        }
        int tenants = run(Path.of(args[0]), Path.of(args[1]), args[2]);
        System.out.println(tenants + " tenants are in " + args[1] + ", with the log store " + args[2]);
    }

    static int run(Path from, Path to, String store) throws IOException {
        // The old directory knows its store; nobody else may have it open, so nothing is written meanwhile.
        try (Tidal old = Tidal.builder().dataDir(from).open();
                Tidal other = Tidal.builder().dataDir(to).wal(store).open()) {
            for (Tenant tenant : old.tenants()) {
                copy(old, tenant, other);
            }
            return old.tenants().size();
        }
    }

    private static void copy(Tidal old, Tenant tenant, Tidal other) throws IOException {
        Path backup = Files.createTempFile("tenant-" + tenant.id(), ".tdbk");
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(backup))) {
                old.backup(tenant.id(), BackupPoint.NOTHING, out);
            }
            compare(old, tenant, other.restore(new FileSource(backup), RestoreOptions.DEFAULT));
        } finally {
            Files.delete(backup);
        }
    }

    private record FileSource(Path file) implements BackupSource {

        @Override
        public String name() {
            return file.toString();
        }

        @Override
        public InputStream open() throws IOException {
            return Files.newInputStream(file);
        }
    }

    private static void compare(Tidal old, Tenant before, Tenant after) {
        for (SignalType type : old.signals()) {
            long expected = before.total(type.name());
            long found = after.total(type.name());
            if (expected != found || before.entities(type.name()) != after.entities(type.name())) {
                throw new IllegalStateException("tenant " + before.id() + " has " + found + " " + type.name()
                        + " in the new store: expected " + expected);
            }
        }
    }
}
