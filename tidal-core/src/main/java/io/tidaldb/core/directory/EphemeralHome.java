package io.tidaldb.core.directory;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The home of a node that keeps nothing: no files, and a past that ended with the process. */
public final class EphemeralHome implements NodeHome {

    /** Creates one. */
    public EphemeralHome() {}

    @Override
    public Path path() {
        return Path.of("");
    }

    @Override
    public String identityUuid() {
        return "";
    }

    @Override
    public long usableBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public boolean durable() {
        return false;
    }

    @Override
    public boolean needsIncarnation() {
        return false;
    }

    @Override
    public void incarnated() {}

    @Override
    public void expose() {}

    @Override
    public byte @Nullable [] kept(String name) {
        return null;
    }

    @Override
    public void keep(String name, byte[] content) {}

    @Override
    public PendingFile create(TenantId tenant, String name) {
        throw new TidalException(
                ErrorCode.UNSUPPORTED,
                "file " + name + " of tenant " + tenant + " can't be kept: the node keeps nothing");
    }

    @Override
    public Optional<StoredFile> find(TenantId tenant, String name) {
        return Optional.empty();
    }

    @Override
    public void rename(TenantId tenant, String from, String to) {
        throw new TidalException(
                ErrorCode.UNSUPPORTED,
                "file " + from + " of tenant " + tenant + " can't be renamed: the node keeps nothing");
    }

    @Override
    public void delete(TenantId tenant, String name) {}

    @Override
    public boolean holds(TenantId tenant) {
        return false;
    }

    @Override
    public void delete(TenantId tenant) {}

    @Override
    public void close() {}

    @Override
    public void abandon() {}
}
