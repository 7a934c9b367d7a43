package io.tidaldb.core.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVaultContext;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.testkit.KeyVaultContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FileKeyVaultContractTest extends KeyVaultContract {

    private final Random random = new Random(5);
    private int own;
    private int shared;

    @Override
    protected KeyVaultFactory factory() {
        return new FileKeyVaultFactory();
    }

    private Path ownKey() {
        return directory.resolve(OWN + "-" + own + ".key");
    }

    @Override
    protected void addMasterKey(boolean ofOwn) throws IOException {
        // From 9 to 10: numbers are compared, not their text.
        String name = ofOwn ? OWN + "-" + (own = Math.max(9, own + 1)) : "shared-" + (shared = Math.max(9, shared + 1));
        byte[] key = new byte[32];
        random.nextBytes(key);
        write(directory.resolve(name + ".key"), key);
    }

    private static void write(Path file, byte[] key) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(file, key);
    }

    @Override
    protected AutoCloseable withoutOwnMasterKey() throws IOException {
        Path away = directory.resolve("away");
        Path file = ownKey();
        Files.move(file, away);
        return () -> Files.move(away, file);
    }

    @Override
    protected AutoCloseable exposedOwnMasterKey() throws IOException {
        Path file = ownKey();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw----r--"));
        return () -> Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void namesTheFileAndWhatItShouldBe() throws IOException {
        write(directory.resolve(OWN + "-11.key"), new byte[31]);
        assertThatThrownBy(() -> factory()
                        .create(new KeyVaultContext(directory, random::nextLong))
                        .wrap(OWN, new byte[32]))
                .hasMessageContainingAll(OWN + "-11.key", "31 bytes", "expected 32");
    }

    @Test
    void refusesADirectoryThatIsNotThere() {
        Path absent = directory.resolve("absent");
        assertThatThrownBy(() -> factory().create(new KeyVaultContext(absent, random::nextLong)))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
                .hasMessageContainingAll(absent.toString(), "shared-1.key", "rw-------");
    }
}
