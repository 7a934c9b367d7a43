package com.example.tidal.autoconfigure;

import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** Opens Tidal with the application and closes it with it, unless the application has an instance of its own. */
@AutoConfiguration
@ConditionalOnClass(Tidal.class)
@EnableConfigurationProperties(TidalProperties.class)
public class TidalAutoConfiguration {

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    Tidal tidal(TidalProperties properties) {
        TidalBuilder builder = Tidal.builder();
        if (properties.dataDir() != null) {
            builder.dataDir(properties.dataDir());
        }
        if (properties.wal() != null) {
            builder.wal(properties.wal());
        }
        properties.signals().forEach(builder::signal);
        return builder.open();
    }
}
