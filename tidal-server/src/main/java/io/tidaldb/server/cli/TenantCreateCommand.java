package io.tidaldb.server.cli;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.TenantLookup;
import io.tidaldb.server.view.TenantView;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "create", description = "Creates a tenant.")
final class TenantCreateCommand extends CliCommand {

    @Mixin
    private final NewDataDirectory store = new NewDataDirectory();

    @Option(
            names = {"--id", "--tenant"},
            paramLabel = "N",
            description = "Its number (default: the next free one from 1).")
    @Nullable
    private String id;

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    @Option(
            names = "--regions",
            split = ",",
            paramLabel = "r1",
            description = "The only regions that may store its data.")
    private List<String> regions = List.of();

    @Option(names = "--slots", paramLabel = "N", description = "Number of shards to be spread over (default: 1).")
    @Nullable
    private Integer slots;

    @Option(names = "--shards", split = ",", paramLabel = "r0:s0", description = "The shards to live on.")
    private List<String> shards = List.of();

    @Override
    public Integer call() {
        try (Tidal tidal = store.openOrCreate()) {
            TenantId chosen = id == null ? TenantLookup.nextFree(tidal) : TenantId.parse(id);
            output().result(TenantView.describe(tidal.createTenant(configuration(chosen))));
            return ExitCodes.DONE;
        }
    }

    private TenantConfig configuration(TenantId chosen) {
        TenantConfig.Builder config = TenantConfig.builder(chosen)
                .requiredRegions(regions.stream().map(RegionId::parse).toArray(RegionId[]::new))
                .pinnedShards(shards.stream().map(ReplicaId::parse).toArray(ReplicaId[]::new));
        if (slots != null) {
            config.slots(slots);
        }
        return limits.applyTo(config.build());
    }
}
