package io.tidaldb.core;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import java.nio.charset.StandardCharsets;

/** Turns names of entities into ids: XXH3-64 of the UTF-8 bytes with seed 0, fixed for ever. */
public final class EntityNames {

    /** Longest name in UTF-8 bytes. */
    public static final int MAX_BYTES = 1024;

    private EntityNames() {}

    /** @throws TidalException INVALID_ARGUMENT if the name is empty, longer than {@link #MAX_BYTES}, or not valid Unicode */
    public static EntityId idOf(String name) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        if (utf8.length == 0 || utf8.length > MAX_BYTES) {
            throw TidalException.invalid("entity name of " + utf8.length + " bytes (\""
                    + name.substring(0, Math.min(name.length(), 40)) + "…\") is out of range: expected 1 to "
                    + MAX_BYTES
                    + " bytes of UTF-8");
        }
        if (!isUnicode(name)) {
            throw TidalException.invalid(
                    "entity name \"" + name + "\" has half a surrogate pair: expected text that UTF-8 can hold");
        }
        return EntityId.of(Hashing.xxh3_64().hashBytesToLong(utf8));
    }

    // Bytes of half a pair would be those of "?", and so would the id.
    private static boolean isUnicode(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (Character.isSurrogate(name.charAt(i))) {
                if (i + 1 == name.length() || !Character.isSurrogatePair(name.charAt(i), name.charAt(i + 1))) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }
}
