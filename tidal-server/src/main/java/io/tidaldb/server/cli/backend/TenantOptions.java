package io.tidaldb.server.cli.backend;

import io.tidaldb.api.TenantId;
import java.io.IOException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which tenant of what store. */
@SuppressWarnings("NullAway.Init")
public final class TenantOptions {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label.")
    private String tenant;

    /** Returns the number or label, as it was given. */
    public String name() {
        return tenant;
    }

    /** Does something with the tenant. */
    public <T> T ask(@Nullable String token, BiFunction<Backend, TenantId, T> question) throws IOException {
        try (Backend backend = store.open(token)) {
            return question.apply(backend, backend.named(tenant));
        }
    }
}
