package io.tidaldb.core.directory;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Who may read a secret that is kept in a file: its owner alone, where the file system knows owners. */
public final class OwnerOnly {

    private static final Set<PosixFilePermission> FILE =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private static final Set<PosixFilePermission> MOUNTED =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.GROUP_READ);

    private OwnerOnly() {}

    /**
     * Returns what is wrong with a file's permissions and what to do about it, to follow its name in a message; empty if nothing is.
     *
     * @throws IOException if there is no such file, or it can't be looked at
     */
    public static Optional<String> problem(Path file) throws IOException {
        if (!FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            return Optional.empty();
        }
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        return (isMounted(file) ? MOUNTED : FILE).containsAll(permissions)
                ? Optional.empty()
                : Optional.of("can be read or written by others than its owner ("
                        + PosixFilePermissions.toString(permissions) + "): expected rw-------; run chmod 600 on it");
    }

    // Root has put it there for this process, as orchestrators do with secrets: then its group may read it.
    private static boolean isMounted(Path file) throws IOException {
        return !"root".equals(System.getProperty("user.name"))
                && Integer.valueOf(0).equals(Files.getAttribute(file, "unix:uid"));
    }
}
