package io.tidaldb.server.client;

import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.Address;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;

/** Where servers are: {@code https://db.example.com:7400}, separated by commas. */
final class ServerUrls {

    private static final int MAX = 32;

    private ServerUrls() {}

    /** @throws TidalException INVALID_ARGUMENT if one is no URL of a server */
    static List<URI> parse(String text) {
        List<URI> urls = new ArrayList<>();
        for (String each : text.split(",", -1)) {
            urls.add(url(each.strip()));
        }
        if (urls.size() > MAX) {
            throw TidalException.invalid("--server names " + urls.size() + " servers: expected at most " + MAX);
        }
        return List.copyOf(urls);
    }

    /**
     * Refuses to send a token where others can read it.
     *
     * @throws TidalException INVALID_ARGUMENT
     */
    static void checkSecret(List<URI> urls) {
        for (URI url : urls) {
            if (url.getScheme().equals("http") && !new Address(bareHost(url), 0).isLoopback()) {
                throw TidalException.invalid(
                        "a token would be sent in the clear to " + url + ": expected https:// beyond this machine");
            }
        }
    }

    private static URI url(String text) {
        try {
            URI url = new URI(text);
            boolean root = url.getPath() == null
                    || url.getPath().isEmpty()
                    || url.getPath().equals("/");
            boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            if (http && root && url.getHost() != null && url.getRawUserInfo() == null && isPlain(url)) {
                return new URI(url.getScheme(), null, url.getHost(), url.getPort(), null, null, null);
            }
        } catch (URISyntaxException e) {
            throw invalid(text);
        }
        throw invalid(text);
    }

    private static boolean isPlain(URI url) {
        return url.getRawQuery() == null && url.getRawFragment() == null && url.getPort() <= 0xFFFF;
    }

    private static String bareHost(URI url) {
        String host = url.getHost();
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static TidalException invalid(String text) {
        return TidalException.invalid("--server \"" + Problems.safe(withoutSecret(text))
                + "\" is not the URL of a server: expected http://HOST:PORT or https://HOST:PORT, several separated by"
                + " commas");
    }

    // Some write user:password@host out of habit.
    private static String withoutSecret(String text) {
        return text.replaceFirst("//.*@", "//...@");
    }
}
