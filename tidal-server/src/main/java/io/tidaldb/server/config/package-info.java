/** The configuration of a node: a YAML file, and the environment over it. */
@NullMarked
package io.tidaldb.server.config;

import org.jspecify.annotations.NullMarked;
