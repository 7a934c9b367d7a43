package io.tidaldb.bench;

import io.tidaldb.api.Durability;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/** The embedded API: a signal with its quota, route, log and fold, from the call to the acknowledgement. */
final class EmbeddedContender implements Contender {

    private static final int KEY_BYTES = 32;

    private final Tidal tidal;
    private final SignalLoad load;

    EmbeddedContender(Tidal tidal, SignalLoad load) {
        this.tidal = tidal;
        this.load = load;
    }

    /** Opens one to which each write brings one signal. */
    static Contender of(Path directory, Durability durability, int writers, int window, int tenants) {
        Tidal tidal = builder(directory).open();
        List<Tenant> all = tenants(tidal, tenants);
        // The first write creates a log; users see that once.
        all.stream()
                .map(tenant -> tenant.recordAsync(SignalLoad.SIGNAL, 1, 1))
                .toList()
                .forEach(write -> write.toCompletableFuture().join());
        return new EmbeddedContender(
                tidal,
                new SignalLoad(
                        SignalLoad.Store.embedded(all, WriteOptions.DEFAULT.with(durability)), writers, window, 1));
    }

    /** Opens one with keys, and a tenant that is encrypted or not. */
    static Contender ofKeys(Path directory, boolean encrypted, int writers, int window, int signals)
            throws IOException {
        Tidal tidal = builder(directory).keys(keys(directory)).open();
        Tenant tenant = tidal.createTenant(
                TenantConfig.builder(SignalLoad.TENANT).encrypted(encrypted).build());
        return new EmbeddedContender(
                tidal,
                new SignalLoad(
                        SignalLoad.Store.embedded(List.of(tenant), WriteOptions.DEFAULT), writers, window, signals));
    }

    /** Creates so many tenants, the first of an instance, and returns them. */
    static List<Tenant> tenants(Tidal tidal, int count) {
        tidal.createTenants(IntStream.rangeClosed(1, count)
                .mapToObj(id -> TenantConfig.builder(TenantId.of(id)).build())
                .toList());
        return tidal.tenants();
    }

    static TidalBuilder builder(Path directory) {
        return Tidal.builder().dataDir(directory.resolve("data")).signal(SignalLoad.SIGNAL, Duration.ofDays(7));
    }

    private static Path keys(Path directory) throws IOException {
        Path keys = Files.createDirectory(directory.resolve("keys"));
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        Path file = Files.createFile(
                keys.resolve("shared-1.key"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, key);
        return keys;
    }

    @Override
    public Phase run(double seconds) throws InterruptedException {
        long before = Cpu.nanos(ProcessHandle.current());
        Phase phase = load.run(seconds);
        long used = Cpu.nanos(ProcessHandle.current()) - before;
        return phase.with(Figure.CPU_NANOS, used / (phase.get(Figure.RATE) * seconds));
    }

    @Override
    public void close() {
        tidal.close();
    }
}
