package com.example.changestore;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Tidal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangeStoreTest {

    @TempDir
    Path work;

    @Test
    void movesAllTenantsToTheStoreThatIsNamed() throws Exception {
        ReadOptions then = ReadOptions.at(Instant.now().plusSeconds(3600));
        double score;
        try (Tidal tidal = Tidal.builder()
                .dataDir(work.resolve("old"))
                .signal("view", Duration.ofDays(7))
                .open()) {
            for (int id = 1; id <= 3; id++) {
                var tenant = tidal.createTenant(TenantConfig.builder(TenantId.of(id))
                        .label("tenant " + id)
                        .build());
                for (int entity = 0; entity < 50; entity++) {
                    tenant.record("view", entity, id);
                }
            }
            score = tidal.tenant(TenantId.of(2))
                    .orElseThrow()
                    .read("view", 7, then)
                    .score();
        }
        assertThat(ChangeStore.run(work.resolve("old"), work.resolve("new"), "rocks"))
                .isEqualTo(3);
        // The directory knows its store.
        try (Tidal tidal = Tidal.builder().dataDir(work.resolve("new")).open()) {
            var tenant = tidal.tenantLabelled("tenant 2").orElseThrow();
            assertThat(tenant.total("view")).isEqualTo(50);
            assertThat(tenant.read("view", 7, then).score()).isEqualTo(score);
            tenant.record("view", 7, 1);
        }
        assertThat(work.resolve("new/rocks")).isDirectory();
    }
}
