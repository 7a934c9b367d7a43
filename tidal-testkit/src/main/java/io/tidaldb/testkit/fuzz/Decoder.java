package io.tidaldb.testkit.fuzz;

import io.tidaldb.api.TidalException;
import java.util.List;

/** Something that reads bytes from elsewhere; constants of an enum. Used by one thread. */
public interface Decoder {

    /** Returns its name, as that of the directory in which its corpus is kept. */
    String name();

    /** Returns what it reads when all is well: where the search for other inputs begins. */
    List<byte[]> examples();

    /**
     * Makes checksums right, so that damage is not found by them alone.
     *
     * @param bytes may be changed
     * @return them, or others in their place
     */
    default byte[] sealed(byte[] bytes) {
        return bytes;
    }

    /**
     * Reads.
     *
     * @throws TidalException if the bytes are refused; anything else that is thrown is a bug
     */
    void read(byte[] bytes);
}
