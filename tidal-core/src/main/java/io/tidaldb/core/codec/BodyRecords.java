package io.tidaldb.core.codec;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Records of every kind but signals: u32 length, little-endian, then the body. */
public final class BodyRecords {

    private BodyRecords() {}

    /** Returns the payload of these bodies. */
    public static ByteBuffer encode(List<byte[]> bodies) {
        int bytes =
                bodies.stream().mapToInt(body -> Integer.BYTES + body.length).sum();
        ByteBuffer payload = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        bodies.forEach(body -> payload.putInt(body.length).put(body));
        return payload.flip();
    }

    /**
     * Returns the bodies of a batch, little-endian.
     *
     * @throws TidalException CORRUPT_DATA if they do not fit it
     */
    public static List<ByteBuffer> decode(WalBatch batch) {
        ByteBuffer payload = batch.content();
        payload.position(KeyBlock.bytes(KeyBlock.read(batch).size()));
        List<ByteBuffer> bodies = new ArrayList<>();
        for (int i = 0; i < batch.count(); i++) {
            int length = payload.remaining() < Integer.BYTES ? -1 : payload.getInt();
            if (length < 0 || length > payload.remaining()) {
                throw corrupt(batch);
            }
            bodies.add(payload.slice(payload.position(), length).order(ByteOrder.LITTLE_ENDIAN));
            payload.position(payload.position() + length);
        }
        if (payload.hasRemaining()) {
            throw corrupt(batch);
        }
        return bodies;
    }

    private static TidalException corrupt(WalBatch batch) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                batch.kind() + " records of the batch at seqno " + batch.firstSeqno() + " do not fit its payload");
    }
}
