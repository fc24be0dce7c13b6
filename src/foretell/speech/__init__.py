"""Text to speech: recordings with transcripts -> voices -> sound from text."""
