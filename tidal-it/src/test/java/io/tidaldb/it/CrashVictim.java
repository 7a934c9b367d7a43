package io.tidaldb.it;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/**
 * A process that is to be killed: three nodes on one directory. It first says what it finds of the ids that it is asked for, a line
 * {@code C id count} for each that has any, then {@code OPEN}, and then counts each further id once, in several threads, with a line
 * {@code A id} for each that was acknowledged, until it ends.
 */
final class CrashVictim {

    static final int WRITERS = 8;
    private static final TenantId TENANT = TenantId.of(7);
    private static final int READ = 1_000;

    // Not buffered: what was printed before a kill was said.
    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);

    private CrashVictim() {}

    /** @param words directory, log store, transport, durability, first id to write, then ranges {@code first:last} to look for */
    public static void main(String[] words) {
        Cell cell = new Cell(words[1], words[2]);
        Tidal tidal = cell.builder(Path.of(words[0]))
                .topology(Topology.regions(3).shardsPerRegion(1))
                .signal("view", Duration.ofDays(7))
                .open();
        Tenant tenant = tidal.tenant(TENANT)
                .orElseGet(() -> tidal.createTenant(TenantConfig.builder(TENANT)
                        .durability(Durability.valueOf(words[3]))
                        .build()));
        for (int i = 5; i < words.length; i++) {
            String[] range = words[i].split(":", 2);
            look(tenant, Long.parseLong(range[0]), Long.parseLong(range[1]));
        }
        say("OPEN");
        AtomicLong next = new AtomicLong(Long.parseLong(words[4]));
        for (int i = 0; i < WRITERS; i++) {
            new Thread(() -> write(tenant, next)).start();
        }
    }

    private static void look(Tenant tenant, long first, long last) {
        for (long from = first; from <= last; from += READ) {
            List<EntityId> ids = LongStream.rangeClosed(from, Math.min(last, from + READ - 1))
                    .mapToObj(EntityId::of)
                    .toList();
            List<Reading> readings = tenant.readAll("view", ids, ReadOptions.DEFAULT);
            for (int i = 0; i < ids.size(); i++) {
                if (readings.get(i).count() != 0) {
                    say("C " + ids.get(i) + " " + readings.get(i).count());
                }
            }
        }
    }

    private static void write(Tenant tenant, AtomicLong next) {
        while (true) {
            long id = next.getAndIncrement();
            try {
                tenant.record("view", id, 1);
            } catch (TidalException e) {
                // Whether it counts is not known; nobody was told that it does.
                continue;
            }
            say("A " + id);
        }
    }

    private static void say(String line) {
        try {
            OUT.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
