"""From files to arrays: pictures, video, audio, faces, the prepared cache, untrusted input."""
