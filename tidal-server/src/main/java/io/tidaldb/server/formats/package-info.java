/** Which formats the files of a directory have. */
@NullMarked
package io.tidaldb.server.formats;

import org.jspecify.annotations.NullMarked;
