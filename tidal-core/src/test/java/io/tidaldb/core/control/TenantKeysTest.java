package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.key.WrappedKey;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-73: what is agreed on keys of tenants")
class TenantKeysTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final WrappedKey ONE = WrappedKey.of(1, new byte[] {1}, 1);
    private static final WrappedKey TWO = WrappedKey.of(2, new byte[] {2}, 2);

    private final ClusterState state = new ClusterState();

    @BeforeEach
    void create() {
        state.apply(new ClusterCommand.DefineTopology(
                "c", List.of(new ShardAssignment(ShardId.of(0), RegionId.of(0), NodeId.of("n0")))));
        create(5);
    }

    private void create(long life) {
        state.apply(new ClusterCommand.CreateTenant(
                TenantConfig.builder(TENANT).encrypted(true).build(), List.of(ReplicaId.parse("r0:s0")), life));
    }

    private List<WrappedKey> keys() {
        return Objects.requireNonNull(state.tenant(TENANT)).keys().wrapped();
    }

    private void refused(ErrorCode code, long life, WrappedKey... keys) {
        List<WrappedKey> before = keys();
        assertThat(state.apply(new ClusterCommand.SetTenantKeys(TENANT, life, List.of(keys))))
                .isInstanceOfSatisfying(
                        Reply.Refused.class, reply -> assertThat(reply.code()).isEqualTo(code));
        assertThat(keys()).isEqualTo(before);
    }

    @Test
    @DisplayName(
            "F-73: of two that rotate at once one does, and a key with which something is sealed is never replaced")
    void twoAtOnce() {
        assertThat(state.apply(new ClusterCommand.SetTenantKeys(TENANT, 5, List.of(ONE))))
                .isEqualTo(new Reply.Done(1));
        assertThat(state.apply(new ClusterCommand.SetTenantKeys(TENANT, 5, List.of(ONE, TWO))))
                .isEqualTo(new Reply.Done(2));
        refused(ErrorCode.INVALID_ARGUMENT, 5, ONE, WrappedKey.of(2, new byte[] {3}, 3));
    }

    @Test
    @DisplayName("F-73: keys of a tenant that was deleted never become those of another one with its number")
    void anotherLife() {
        state.apply(new ClusterCommand.SetTenantKeys(TENANT, 5, List.of(ONE)));
        state.apply(new ClusterCommand.DeleteTenant(TENANT));
        create(6);
        refused(ErrorCode.TENANT_NOT_FOUND, 5, ONE);
        WrappedKey own = WrappedKey.of(1, new byte[] {4}, 4);
        state.apply(new ClusterCommand.SetTenantKeys(TENANT, 6, List.of(own)));
        refused(ErrorCode.TENANT_NOT_FOUND, 5, ONE, TWO);
        assertThat(keys()).containsExactly(own);
    }

    @Test
    @DisplayName("F-73: keys that are revoked are not rotated until they are restored")
    void revoked() {
        state.apply(new ClusterCommand.SetTenantKeys(TENANT, 5, List.of(ONE)));
        state.apply(new ClusterCommand.SuspendTenant(TENANT, true));
        refused(ErrorCode.TENANT_SUSPENDED, 5, ONE, TWO);
        state.apply(new ClusterCommand.SuspendTenant(TENANT, false));
        assertThat(state.apply(new ClusterCommand.SetTenantKeys(TENANT, 5, List.of(ONE, TWO))))
                .isEqualTo(new Reply.Done(2));
    }
}
