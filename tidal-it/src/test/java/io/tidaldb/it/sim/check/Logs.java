package io.tidaldb.it.sim.check;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.it.sim.SimulatedMachine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ObjLongConsumer;

/** All logs on a machine's disk, as they are now. */
final class Logs {

    private final SortedMap<LogId, List<WalBatch>> batches = new TreeMap<>();

    private Logs() {}

    static Logs on(SimulatedMachine machine) {
        return on(machine, (file, offset) -> {
            throw new AssertionError(machine.id() + " has damage in " + file + " at " + offset);
        });
    }

    /** Returns what of them can be read. */
    static Logs readableOn(SimulatedMachine machine) {
        return on(machine, (file, offset) -> {});
    }

    private static Logs on(SimulatedMachine machine, ObjLongConsumer<String> damaged) {
        Logs logs = new Logs();
        machine.disks().inspect(Path.of(machine.id().name()), new WalInspection() {
            @Override
            public void batch(LogId log, String file, long offset, WalBatch batch) {
                logs.batches.computeIfAbsent(log, each -> new ArrayList<>()).add(batch);
            }

            @Override
            public void file(String file, long bytes) {}

            @Override
            public void tornTail(String file, long offset, long bytes) {}

            @Override
            public void damage(String file, long offset, String expected, String actual) {
                damaged.accept(file, offset);
            }
        });
        return logs;
    }

    Set<LogId> logs() {
        return batches.keySet();
    }

    List<WalBatch> of(LogId log) {
        return batches.getOrDefault(log, List.of());
    }
}
