/** The OpenAPI document, and the shapes in it. */
@NullMarked
package io.tidaldb.server.http.openapi;

import org.jspecify.annotations.NullMarked;
