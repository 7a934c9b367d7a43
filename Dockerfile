# One node, or any command of tidal. Build the server first: mvn -q package -pl tidal-server -am -DskipTests
ARG BASE_IMAGE=eclipse-temurin:21-jre
FROM ${BASE_IMAGE}

LABEL org.opencontainers.image.title="Tidal" \
      org.opencontainers.image.licenses="Apache-2.0"

# Libraries change seldom, the server often: an upgrade fetches the last layer alone.
COPY tidal-server/target/lib /opt/tidal/lib
COPY --chown=10001:10001 deploy/docker/data /data
COPY LICENSE NOTICE /opt/tidal/
COPY tidal-server/target/tidal-server-*.jar /opt/tidal/tidal-server.jar

USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 7400 7401
STOPSIGNAL SIGTERM

# No shell in between: SIGTERM reaches the node, which hands over what it leads and ends. Memory is shared with the page cache.
ENTRYPOINT ["java", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djdk.serialFilter=!*", "-XX:MaxRAMPercentage=60", \
            "-jar", "/opt/tidal/tidal-server.jar"]
CMD ["node", "--config", "/etc/tidal/node.yaml"]

HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
    CMD ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m", "-XX:-UsePerfData", \
         "-jar", "/opt/tidal/tidal-server.jar", "node", "--config", "/etc/tidal/node.yaml", "--probe"]
