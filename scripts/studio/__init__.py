"""media-studio: asks the price, pays once, follows the job to its end and keeps what it bought."""

__version__ = "0.1.0"
