package io.tidaldb.core.key;

import io.tidaldb.api.Spi;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.api.key.KeyVaultContext;
import io.tidaldb.api.key.KeyVaultFactory;

/** The vault "file": master keys in a directory. */
public final class FileKeyVaultFactory implements KeyVaultFactory {

    /** For the service loader. */
    public FileKeyVaultFactory() {}

    @Override
    public String name() {
        return "file";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public KeyVault create(KeyVaultContext context) {
        return new FileKeyVault(context.directory(), context.random());
    }
}
