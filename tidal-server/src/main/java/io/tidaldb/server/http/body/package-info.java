/** What requests say, read from their bodies and headers, with errors that name the field. */
@NullMarked
package io.tidaldb.server.http.body;

import org.jspecify.annotations.NullMarked;
