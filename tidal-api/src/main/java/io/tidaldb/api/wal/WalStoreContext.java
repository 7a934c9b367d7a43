package io.tidaldb.api.wal;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import java.nio.file.Path;
import java.util.concurrent.Executor;

/**
 * What a store is given to live in.
 *
 * @param directory the node's directory; exists and is owned by this process. A store that keeps nothing on disk ignores it
 * @param region the node's region: logs of its origins are the node's own, others were received
 * @param segmentBytes size at which a segment is closed and the next begun, for stores that have segments; 4 KiB to 1 GiB
 * @param background runs work off the committing thread; may run it at once, in the calling thread
 */
public record WalStoreContext(Path directory, RegionId region, long segmentBytes, Executor background) {

    /** Size of a segment unless configured: 16 MiB. */
    public static final long DEFAULT_SEGMENT_BYTES = 16L << 20;

    /** Returns the directory of a tenant: the node's own for tenant 0, else {@code tenants/N}, built from the number alone. */
    public Path tenantDirectory(TenantId tenant) {
        return tenantDirectory(directory, tenant);
    }

    /** Returns the directory of a tenant in a node's directory. */
    public static Path tenantDirectory(Path directory, TenantId tenant) {
        return tenant.equals(TenantId.DEFAULT)
                ? directory
                : directory.resolve("tenants").resolve(Long.toUnsignedString(tenant.value()));
    }
}
