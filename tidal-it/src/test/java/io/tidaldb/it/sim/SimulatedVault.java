package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.api.key.KeyVaultContext;
import io.tidaldb.api.key.KeyVaultFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The master keys that a machine has, in memory: they outlive its crashes. Those of all tenants belong to {@link #SHARED}, those of one alone
 * to it. While it wraps or unwraps a key, its machine may crash.
 */
final class SimulatedVault implements KeyVaultFactory {

    /** Who has the master keys of all tenants that have none of their own. */
    static final String SHARED = "shared";

    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final SimulatedMachine machine;
    private final SortedMap<String, SortedMap<Integer, SecretKeySpec>> masters = new TreeMap<>();
    private final Set<String> locked = new HashSet<>();
    private int untilCrashInWrap;
    private int untilCrashInUnwrap;

    SimulatedVault(SimulatedMachine machine) {
        this.machine = machine;
    }

    /** Adds a master key of 32 bytes; the one with the highest number wraps. */
    synchronized void add(String owner, int number, byte[] key) {
        masters.computeIfAbsent(owner, each -> new TreeMap<>()).put(number, new SecretKeySpec(key, "AES"));
    }

    /** Adds all that another machine has. */
    synchronized void addAll(SimulatedVault other) {
        other.masters.forEach((owner, keys) ->
                masters.computeIfAbsent(owner, each -> new TreeMap<>()).putAll(keys));
    }

    /** Returns the number of the newest master key of an owner, or 0. */
    synchronized int newest(String owner) {
        SortedMap<Integer, SecretKeySpec> keys = masters.get(owner);
        return keys == null ? 0 : keys.lastKey();
    }

    /** Lets nobody use the master keys of an owner until they are unlocked. */
    synchronized void lock(String owner) {
        locked.add(owner);
    }

    synchronized void unlock(String owner) {
        locked.remove(owner);
    }

    /** Crashes the machine inside the n-th wrapping from now on; 1 is the next, 0 takes it back. */
    void crashInWrap(int nth) {
        untilCrashInWrap = nth;
    }

    /** Crashes the machine inside the n-th unwrapping from now on; 1 is the next, 0 takes it back. */
    void crashInUnwrap(int nth) {
        untilCrashInUnwrap = nth;
    }

    @Override
    public String name() {
        return "simulated";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public KeyVault create(KeyVaultContext context) {
        return new Vault(context);
    }

    private synchronized SecretKeySpec master(TenantId tenant, String owner, int number) {
        SortedMap<Integer, SecretKeySpec> keys = masters.get(owner);
        SecretKeySpec key = keys == null || locked.contains(owner) ? null : keys.get(number);
        if (key == null) {
            throw unavailable(tenant, owner + "-" + number);
        }
        return key;
    }

    private static TidalException unavailable(TenantId tenant, String master) {
        return new TidalException(
                ErrorCode.KEY_UNAVAILABLE,
                "master key " + master + " can't be used for tenant " + tenant + ": bring it back to this machine");
    }

    private static byte[] crypt(
            int mode, SecretKeySpec master, byte[] nonce, byte[] name, TenantId tenant, byte[] input)
            throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, master, new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(name);
        cipher.updateAAD(ByteBuffer.allocate(Long.BYTES).putLong(tenant.value()).array());
        return cipher.doFinal(input);
    }

    // A wrapped key: u8 length of the master key's name, the name, the nonce, what was sealed.
    private final class Vault implements KeyVault {

        private final KeyVaultContext context;

        Vault(KeyVaultContext context) {
            this.context = context;
        }

        @Override
        public byte[] wrap(TenantId tenant, byte[] dataKey) {
            if (untilCrashInWrap > 0 && --untilCrashInWrap == 0) {
                throw machine.crashing("inside the wrapping of a key");
            }
            String owner = newest(tenant.toString()) > 0 ? tenant.toString() : SHARED;
            int number = newest(owner);
            byte[] name = (owner + "-" + number).getBytes(StandardCharsets.US_ASCII);
            byte[] nonce = new byte[NONCE_BYTES];
            ByteBuffer.wrap(nonce).putLong(context.random().getAsLong()).putInt((int)
                    context.random().getAsLong());
            try {
                byte[] sealed = crypt(Cipher.ENCRYPT_MODE, master(tenant, owner, number), nonce, name, tenant, dataKey);
                return ByteBuffer.allocate(1 + name.length + nonce.length + sealed.length)
                        .put((byte) name.length)
                        .put(name)
                        .put(nonce)
                        .put(sealed)
                        .array();
            } catch (GeneralSecurityException e) {
                throw new AssertionError("the JDK can't seal", e);
            }
        }

        @Override
        public byte[] unwrap(TenantId tenant, byte[] wrapped) {
            if (untilCrashInUnwrap > 0 && --untilCrashInUnwrap == 0) {
                throw machine.crashing("inside the unwrapping of a key");
            }
            ByteBuffer in = ByteBuffer.wrap(wrapped);
            int length = in.hasRemaining() ? Byte.toUnsignedInt(in.get()) : 0;
            if (in.remaining() < length + NONCE_BYTES + TAG_BITS / Byte.SIZE) {
                throw unavailable(tenant, "of a wrapped key of " + wrapped.length + " bytes");
            }
            byte[] name = new byte[length];
            byte[] nonce = new byte[NONCE_BYTES];
            in.get(name).get(nonce);
            byte[] sealed = new byte[in.remaining()];
            in.get(sealed);
            String text = new String(name, StandardCharsets.US_ASCII);
            int dash = text.lastIndexOf('-');
            try {
                SecretKeySpec master = master(
                        tenant, text.substring(0, Math.max(0, dash)), Integer.parseInt(text.substring(dash + 1)));
                return crypt(Cipher.DECRYPT_MODE, master, nonce, name, tenant, sealed);
            } catch (GeneralSecurityException | NumberFormatException e) {
                throw new TidalException(
                        ErrorCode.KEY_UNAVAILABLE,
                        "a data key of tenant " + tenant + " is not as this machine's master key wrapped it",
                        e);
            }
        }

        @Override
        public void destroy(TenantId tenant) {
            synchronized (SimulatedVault.this) {
                masters.remove(tenant.toString());
            }
        }
    }
}
