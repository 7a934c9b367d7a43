package com.example.tidal.autoconfigure;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * What an application may say in its configuration, under {@code tidal}.
 *
 * @param dataDir where signals are kept; in memory without one
 * @param wal the log store plugin of a new directory, if not the standard one
 * @param signals half-lives by type of signal
 */
@ConfigurationProperties("tidal")
public record TidalProperties(Path dataDir, String wal, Map<String, Duration> signals) {

    public TidalProperties {
        signals = signals == null ? Map.of() : Map.copyOf(signals);
    }
}
