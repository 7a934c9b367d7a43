package io.tidaldb.core.directory;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What of a node lasts beside its logs: whether its past is certain, and files of its tenants. A directory in production, memory for a
 * node that keeps nothing, a simulated disk in a simulation.
 *
 * <p>Confined to the thread that opens and closes, but for {@link #expose} and the files, which are safe for any number of threads as long
 * as no two write the same file.
 */
public interface NodeHome {

    /** Returns where it is: the directory that the node's log store is given, and the name that messages give. */
    Path path();

    /** Returns what tells it from every other one: drawn when it was made, the same as long as it is there. */
    String identityUuid();

    /** Returns how much more it has room for, in bytes; {@link Long#MAX_VALUE} if there is no bound, or nobody can tell. */
    long usableBytes();

    /** Returns whether anything is kept when the node ends. */
    boolean durable();

    /** Returns whether what was written last is not certain, so that the next writer needs a new incarnation. */
    boolean needsIncarnation();

    /** Records that the new incarnation was granted: nothing written under it is exposed yet. */
    void incarnated();

    /** Records, durably, that something is known elsewhere before it is durable here; from the second call on does nothing. */
    void expose();

    /** Returns what the node itself keeps under a name; null if it keeps nothing there. */
    byte @Nullable [] kept(String name);

    /**
     * Keeps something small of the node itself under a name, durably and as a whole.
     *
     * @throws TidalException STORAGE_FULL if it can't be written; what was there before still is
     */
    void keep(String name, byte[] content);

    /**
     * Begins a file of a tenant, which replaces the one of that name when it is published.
     *
     * @throws TidalException STORAGE_FULL if it can't be written
     */
    PendingFile create(TenantId tenant, String name);

    /** Returns a tenant's file, if there is one. */
    Optional<StoredFile> find(TenantId tenant, String name);

    /**
     * Gives a tenant's file another name, durably and as a whole; it replaces the one of that name.
     *
     * @throws TidalException STORE_FAILED if it can't be renamed
     */
    void rename(TenantId tenant, String from, String to);

    /**
     * Deletes a tenant's file, durably, if there is one.
     *
     * @throws TidalException STORE_FAILED if it can't be deleted
     */
    void delete(TenantId tenant, String name);

    /** Returns whether anything of a tenant is there. */
    boolean holds(TenantId tenant);

    /**
     * Deletes everything of a tenant.
     *
     * @throws TidalException STORE_FAILED if something can't be deleted
     */
    void delete(TenantId tenant);

    /** Marks everything as closed in order, and lets it go. */
    void close();

    /** Lets it go without marking it as closed: what a crash does. */
    void abandon();

    /** A file that is not there yet. Confined to its writer. */
    abstract class PendingFile extends OutputStream {

        /** For implementations. */
        protected PendingFile() {}

        /**
         * Puts the file into its place, durably and as a whole, whenever the machine stops.
         *
         * @return its size in bytes
         */
        public abstract long publish() throws IOException;

        /** Discards what was written unless it was published. */
        @Override
        public abstract void close();
    }

    /** A file as it is now; one that replaces it does not change it. */
    interface StoredFile {

        /** Returns the name to show. */
        String name();

        /** Returns the size in bytes. */
        long bytes();

        /** Reads it from its start. */
        InputStream open() throws IOException;
    }
}
