package io.tidaldb.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.server.TidalCommand;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

@DisplayName("The token")
class CommonOptionsTest {

    @Test
    @DisplayName("is the option's, else the environment's, else none")
    void token() {
        Map<String, String> environment = Map.of("TIDAL_TOKEN", "inherited");
        assertThat(token(environment, "tenant", "list", "--token", "given")).isEqualTo("given");
        assertThat(token(environment, "tenant", "list")).isEqualTo("inherited");
        assertThat(token(Map.of("TIDAL_TOKEN", ""), "tenant", "list")).isNull();
        assertThat(token(Map.of(), "tenant", "list")).isNull();
    }

    private static @Nullable String token(Map<String, String> environment, String... args) {
        CommandLine root = TidalCommand.commandLine();
        CommandLine.ParseResult tenant = root.parseArgs(args).subcommand();
        return CommonOptions.tokenOf(tenant.subcommand().commandSpec(), environment);
    }
}
