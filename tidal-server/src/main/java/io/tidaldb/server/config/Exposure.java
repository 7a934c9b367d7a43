package io.tidaldb.server.config;

/** What may be reached from other machines: nothing, without encryption and without knowing who asks. */
final class Exposure {

    private Exposure() {}

    static void check(String file, NodeConfiguration configuration) {
        NodeConfiguration.Http http = configuration.http();
        if (!http.listen().isLoopback()
                && (http.tls().isEmpty() || configuration.tokens().isEmpty())) {
            throw YamlReader.invalid(file + ": http.listen " + http.listen()
                    + " can be reached from other machines: set http.tls and auth.tokens, or listen on 127.0.0.1");
        }
        NodeConfiguration.Transport transport = configuration.transport();
        if (!transport.listen().isLoopback() && transport.tls().isEmpty()) {
            throw YamlReader.invalid(file + ": transport.listen " + transport.listen()
                    + " can be reached from other machines: set transport.tls, or listen on 127.0.0.1");
        }
    }
}
