package io.tidaldb.server.http.route;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.http.exchange.Refusal;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Usage that is counted again")
class RecountsTest {

    @Test
    @DisplayName("is counted once at a time for a tenant, and for two tenants at most")
    void bounded() {
        Recounts recounts = new Recounts();
        recounts.begin(TenantId.of(1));
        assertThatThrownBy(() -> recounts.begin(TenantId.of(1)))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("being counted already");
        recounts.begin(TenantId.of(2));
        assertThatThrownBy(() -> recounts.begin(TenantId.of(3)))
                .isInstanceOf(Refusal.class)
                .hasMessageContaining("as many tenants as it does at a time, 2");
        recounts.end(TenantId.of(1));
        assertThatCode(() -> recounts.begin(TenantId.of(3))).doesNotThrowAnyException();
    }
}
