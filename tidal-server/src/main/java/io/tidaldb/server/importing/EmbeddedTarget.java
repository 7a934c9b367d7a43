package io.tidaldb.server.importing;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** An open instance as the target of an import. Not thread-safe. */
public final class EmbeddedTarget implements ImportTarget {

    private static final int CALLS_AT_ONCE = 64;
    private static final WriteOptions WRITE = WriteOptions.DEFAULT.with(Duration.ofSeconds(60));

    private final TenantLookup tenants;
    private final SignalLookup signals;

    /** Prepares the target; the lookups say what may be created. */
    public EmbeddedTarget(TenantLookup tenants, SignalLookup signals) {
        this.tenants = tenants;
        this.signals = signals;
    }

    private record Local(Tenant tenant) implements Recipient {

        @Override
        public TenantId id() {
            return tenant.id();
        }

        @Override
        public boolean isSpread() {
            return tenant.config().slots() != 1;
        }

        @Override
        public CompletionStage<Position> record(List<Signal> signals) {
            return tenant.recordAllAsync(signals, WRITE);
        }
    }

    @Override
    public @Nullable Recipient tenant(String text) {
        Tenant tenant = tenants.find(text);
        return tenant == null ? null : new Local(tenant);
    }

    @Override
    public boolean takes(Recipient tenant, String signal) {
        return signals.has(signal);
    }

    @Override
    public String expectedSignals() {
        return "expected one of " + signals.names() + "; --create-signals would declare it";
    }

    @Override
    public int callsAtOnce() {
        return CALLS_AT_ONCE;
    }
}
