package io.tidaldb.api;

/** A bounded queue is full: nothing was recorded, try again after a pause. */
public final class OverloadedException extends TidalException {

    private static final long serialVersionUID = 1L;

    /** Creates a refusal that names the queue and its bound. */
    public OverloadedException(String message) {
        super(ErrorCode.OVERLOADED, message, false);
    }
}
