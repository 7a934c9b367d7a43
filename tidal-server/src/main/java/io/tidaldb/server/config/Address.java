package io.tidaldb.server.config;

import io.tidaldb.api.TidalException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where something listens or is reached: {@code 127.0.0.1:7400}, {@code db.example.com:7400}, {@code [::1]:7400}.
 *
 * @param host a name or a number, IPv6 without brackets
 * @param port 0 to 65,535; 0 where any free one will do
 */
public record Address(String host, int port) {

    private static final Pattern FORM =
            Pattern.compile("(?:\\[([0-9A-Fa-f:.%a-z0-9]+)]|([A-Za-z0-9._-]{1,253})):(\\d{1,5})");

    /** @throws TidalException INVALID_ARGUMENT if the text has another form */
    public static Address parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || Integer.parseInt(matcher.group(3)) > 0xFFFF) {
            throw TidalException.invalid(
                    "\"" + text
                            + "\" is not an address: expected HOST:PORT with a port of 0 to 65535, as in 127.0.0.1:7400 or [::1]:7400");
        }
        String host = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
        return new Address(String.valueOf(host), Integer.parseInt(matcher.group(3)));
    }

    /**
     * Returns whether only this machine can reach it: whether each address of the host is a loopback address.
     *
     * @throws TidalException INVALID_ARGUMENT if the host has no address
     */
    public boolean isLoopback() {
        try {
            return Arrays.stream(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
        } catch (UnknownHostException e) {
            throw TidalException.invalid(
                    "host \"" + host + "\" is not known: expected a name that resolves, or an address");
        }
    }

    /** Returns the same host with another port. */
    public Address withPort(int other) {
        return new Address(host, other);
    }

    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
}
