package io.tidaldb.transport.netty;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;

/**
 * Where a node listens or is reached.
 *
 * @param host a name or an address; IPv6 without brackets
 * @param port 0 for any
 */
record Endpoint(String host, int port) {

    private static final int MAX_HOST = 253;

    /**
     * Reads {@code HOST:PORT} or {@code [IPV6]:PORT}.
     *
     * @param what whose address it is, for the failure
     * @throws TidalException with the code, if the text has another form
     */
    static Endpoint parse(String text, String what, ErrorCode code) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        int port = port(text.substring(colon + 1));
        if (host.isEmpty() || host.length() > MAX_HOST || port < 0 || host.contains(":") != bracketed) {
            throw new TidalException(
                    code,
                    what + " address " + Echo.of(text)
                            + " is not valid: expected HOST:PORT or [IPV6]:PORT with a port from 0 to 65535");
        }
        return new Endpoint(host, port);
    }

    private static int port(String digits) {
        if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        int port = Integer.parseInt(digits);
        return port <= 0xFFFF ? port : -1;
    }

    Endpoint withPort(int real) {
        return new Endpoint(host, real);
    }

    @Override
    public String toString() {
        return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
    }
}
